import { expect, test } from 'vitest';
import { passwordHint } from '../../src/model/passwords';

const weak = { score: 1, acceptable: false, advice: ['This password is easily guessed.', 'Add a word.'] };

test.each([
  ['', null, 'At least 8 characters. A few plain words work well.'],
  ['seven77', null, '1 more character'],
  ['👍👍👍👍👍👍', null, '2 more characters'],
  ['eight888', null, 'Long enough'],
  ['eight888', weak, 'This password is easily guessed. Add a word.'],
  ['four plain words here', { score: 4, acceptable: true, advice: [] }, 'Very hard to guess.'],
])('of %o with %o is said', (password, estimate, said) =>
  expect(passwordHint(password, estimate)).toBe(said),
);
