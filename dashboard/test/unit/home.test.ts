import { expect, it } from 'vitest';
import { listed, livesHere, zones } from '../../src/model/home';

it('offers the zones that a browser knows, UTC among them', () => {
  expect(zones()).toContain('Europe/Vienna');
  expect(zones().filter((zone) => zone === 'UTC')).toHaveLength(1);
});

it('tells who lives here from who visits', () => {
  expect(['OWNER', 'MEMBER', 'GUEST'].filter((role) => livesHere({ role }))).toEqual(['OWNER', 'MEMBER']);
});

it('says names as people do', () => {
  expect([[], ['Ana'], ['Ana', 'Ben'], ['Ana', 'Ben', 'Cleo']].map(listed)).toEqual([
    '',
    'Ana',
    'Ana and Ben',
    'Ana, Ben, and Cleo',
  ]);
});
