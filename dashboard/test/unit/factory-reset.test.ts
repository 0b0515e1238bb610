import { expect, test } from 'vitest';
import { ofBoards, ofOthers } from '../../src/model/factory-reset';

test('what boards made of a factory reset is said in whole sentences', () => {
  expect(ofBoards({ forgot: 0, kept: [] })).toBe('');
  expect(ofBoards({ forgot: 0, kept: ['Shed'] })).toBe('No board has forgotten it.');
  expect(ofBoards({ forgot: 1, kept: [] })).toBe('1 board has forgotten it.');
  expect(ofBoards({ forgot: 2, kept: [] })).toBe('2 boards have forgotten it.');
  expect(ofOthers({ forgot: 2, kept: [] })).toBe('');
  expect(ofOthers({ forgot: 2, kept: ['Attic', 'Shed'] })).toMatch(/claim them anew: Attic, Shed\.$/);
});
