import { expect, test } from 'vitest';
import { headline, summarise } from '../../src/model/apply';
import { card, tally } from '../../src/model/card';
import { claimMessage, messageFor, signInMessage } from '../../src/model/messages';
import { groupByRoom } from '../../src/model/rooms';
import { ago, duration } from '../../src/model/time';
import { fromWire } from '../../src/api/error';
import { changed } from '../../src/model/panel';
import { command, lamp, live, NOW } from './make';

test.each([
  [0.42, '0.4 ms'],
  [9.96, '10 ms'],
  [41.3, '41 ms'],
  [999.4, '999 ms'],
  [999.6, '1 s'],
  [1840, '1.8 s'],
])('duration(%d)', (ms, text) => expect(duration(ms)).toBe(text));

test.each([
  [-5_000, 'just now'],
  [59_999, 'just now'],
  [60_000, '1 min ago'],
  [3_600_000, '1 h ago'],
  [30 * 3_600_000, 'yesterday'],
  [75 * 3_600_000, '3 days ago'],
])('ago(%d)', (ms, text) => expect(ago(ms)).toBe(text));

test('an apply tells how many were confirmed, and why not the rest', () => {
  const summary = summarise(
    [
      { switchId: 'a', code: null, command: command({ latencyMs: 30 }) },
      { switchId: 'b', code: null, command: command({ outcome: 'REFUSED', reasonCode: 'INTERLOCKED' }) },
      { switchId: 'c', code: null, command: command({ outcome: 'OFFLINE', reasonCode: 'OFFLINE' }) },
      { switchId: 'd', code: null, command: command({ outcome: 'TIMED_OUT' }) },
      { switchId: 'e', code: 'FORBIDDEN', command: null },
    ],
    (id) => id.toUpperCase(),
  );
  expect(headline(summary)).toBe('1 of 5 confirmed');
  expect(summary.rest).toEqual([
    { name: 'B', why: 'refused: another relay it must not run with is on' },
    { name: 'C', why: 'offline: the board is offline' },
    { name: 'D', why: 'unknown: no answer from the board' },
    { name: 'E', why: 'You are not allowed to do this.' },
  ]);
});

test('an apply that went well tells how long the slowest took', () => {
  const results = [30, 52].map((latencyMs) => ({
    switchId: 'a',
    code: null,
    command: command({ latencyMs }),
  }));
  expect(headline(summarise(results, String))).toBe('2 of 2 confirmed in 52 ms');
});

test('rooms by name, no room last, numbers as numbers', () => {
  const inRoom = (id: string, name: string, room: string | null) =>
    lamp({ id, name, room: room === null ? null : { id: room, name: room } });
  const groups = groupByRoom([
    inRoom('1', 'Lamp 10', 'Hall'),
    inRoom('2', 'Pump', null),
    inRoom('3', 'Lamp 9', 'Hall'),
    inRoom('4', 'Oven', 'Attic'),
  ]);
  expect(groups.map((group) => [group.name, group.items.map((one) => one.name)])).toEqual([
    ['Attic', ['Oven']],
    ['Hall', ['Lamp 9', 'Lamp 10']],
    ['No room', ['Pump']],
  ]);
});

test('the tally counts what deserves a glance', () => {
  const cards = (...all: ReturnType<typeof lamp>[]) =>
    [...all.reduce((panel, it) => changed(panel, it, NOW), live(all[0])).entries.values()].map((it) =>
      card(it, NOW),
    );
  expect(tally([])).toBe('');
  expect(tally(cards(lamp()))).toBe('Everything is off');
  expect(
    tally(
      cards(
        lamp({ on: true }),
        lamp({ id: 's2', on: null }),
        lamp({ id: 's3', on: true, availability: 'OFFLINE' }),
      ),
    ),
  ).toBe('1 on · 1 unknown · 1 offline');
});

test('errors of the gateway, in words', () => {
  const limited = fromWire({
    message: 'slow down',
    extensions: { code: 'RATE_LIMITED', retryAfterMs: 11_200 },
  });
  expect(messageFor(limited)).toBe('Too many attempts. Try again in 12 s.');
  const wrong = fromWire({ message: 'no', extensions: { code: 'UNAUTHENTICATED' } });
  expect(signInMessage(wrong)).toBe('This name and password do not go together.');
  expect(messageFor(wrong)).toBe('Your session has ended. Sign in again.');
  const taken = fromWire({ message: 'claimed', extensions: { code: 'CONFLICT' } });
  expect(claimMessage(taken)).toContain('Sign in instead');
  const input = fromWire({ message: 'Too short.', extensions: { code: 'BAD_INPUT', field: 'password' } });
  expect([input.code, input.field, messageFor(input)]).toEqual(['BAD_INPUT', 'password', 'Too short.']);
  const unheardOf = fromWire({ message: 'Something new.', extensions: { code: 'BRAND_NEW' } });
  expect([unheardOf.code, messageFor(unheardOf)]).toEqual(['INTERNAL', 'Something new.']);
});
