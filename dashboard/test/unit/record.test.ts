import { expect, test } from 'vitest';
import type { RecordEntry } from '../../src/api/record';
import { everything, filterOf, told } from '../../src/model/record';
import { ana, button } from './make';

const entry = (facts: Partial<RecordEntry>): RecordEntry => ({
  id: 'e1',
  at: null,
  what: 'COMMAND',
  subject: 'Lamp',
  text: '',
  actor: ana,
  command: null,
  change: null,
  ...facts,
});
const asked = (facts: Partial<NonNullable<RecordEntry['command']>>): RecordEntry =>
  entry({
    command: {
      on: true,
      outcome: 'CONFIRMED',
      reason: null,
      reasonCode: null,
      latencyMs: 41,
      ...facts,
    },
  });

test.each([
  [asked({}), 'Ana Lamp on: confirmed in 41 ms', true],
  [asked({ outcome: 'OPEN', latencyMs: null }), 'Ana Lamp on: not settled yet', false],
  [asked({ outcome: 'TIMED_OUT' }), 'Ana Lamp on: no answer from the board', false],
  [
    asked({ outcome: 'OFFLINE', reasonCode: 'OFFLINE' }),
    'Ana Lamp on: nothing happened: the board is offline',
    false,
  ],
  [asked({ on: false, outcome: 'REFUSED', reason: 'too hot' }), 'Ana Lamp off: refused: too hot', false],
  [entry({ what: 'SWITCH_MOVED', actor: button, change: { on: true } }), 'wall button Lamp on: ', true],
  [entry({ what: 'SWITCH_MOVED', actor: button, text: 'off' }), 'wall button Lamp off: ', true],
  [entry({ what: 'ROOM_CREATED', subject: 'Hall', actor: null }), 'someone made room Hall: ', true],
  [entry({ what: 'SIGNED_IN', subject: 'Ana' }), 'Ana signed in: ', true],
  [
    entry({ what: 'ROOM_UPDATED', subject: 'Hall', text: 'now Lobby' }),
    'Ana renamed room Hall: now Lobby',
    true,
  ],
  [entry({ what: 'BRAND_NEW' as never, subject: 'x' }), 'Ana brand new x: ', true],
])('%o is told', (line, text, good) => {
  const { who, did, how, good: shown } = told(line);
  expect([`${who} ${did}: ${how}`, shown]).toEqual([text, good]);
});

test('what was chosen becomes what is asked for, and a day counts whole', () => {
  expect(filterOf(everything())).toEqual({ kinds: [], switchIds: [] });
  const filter = filterOf({
    text: ' Ana ',
    about: 'settings',
    switchId: 's1',
    from: '2026-03-01',
    to: '2026-03-01',
  });
  expect(filter).toMatchObject({ text: 'Ana', switchIds: ['s1'] });
  expect(filter.kinds).toContain('ROOM_CREATED');
  expect(filter.kinds).not.toContain('COMMAND');
  expect(filter.kinds).not.toContain('SIGNED_IN');
  expect(filter.from).toBe(new Date(2026, 2, 1).toISOString());
  expect(filter.to).toBe(new Date(2026, 2, 2).toISOString());
});
