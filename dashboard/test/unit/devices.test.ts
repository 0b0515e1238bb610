import { expect, test } from 'vitest';
import type { Device } from '../../src/api/devices';
import {
  acceptable,
  availabilityWord,
  boardsAmong,
  compared,
  health,
  identity,
  lasted,
  type Quarantine,
} from '../../src/model/devices';

const came = (chip: string | null, mac: string | null): Quarantine => ({
  reason: 'OTHER_HARDWARE',
  since: null,
  expectedChip: 'a1b2c3',
  expectedMac: '5c:cf:7f:a1:b2:c3',
  chip,
  mac,
});

const device = (it: Device['health']): Device => ({ health: it }) as Device;

test('what came beside what was expected, and what of it differs', () => {
  expect(compared(came('A1B2C3', '5c:cf:7f:ff:ff:ff'))).toEqual([
    { what: 'Chip', expected: 'a1b2c3', came: 'A1B2C3', differs: false },
    { what: 'MAC', expected: '5c:cf:7f:a1:b2:c3', came: '5c:cf:7f:ff:ff:ff', differs: true },
  ]);
  expect(compared(came(null, null)).map((one) => [one.came, one.differs])).toEqual([
    ['not told', true],
    ['not told', true],
  ]);
});

test('only a board that says who it is can be accepted, as what it said', () => {
  expect(acceptable(came('ffffff', 'm'))).toEqual({ chip: 'ffffff', mac: 'm' });
  expect(acceptable(came(null, 'm'))).toBeNull();
  expect(acceptable(came('ffffff', null))).toBeNull();
});

test('the gateway’s own header says what it is, and nothing that only boards have', () => {
  const it = { header: true, lastSeen: null, room: null, model: 'Raspberry Pi 4 B' } as Device;
  const terms = identity(it, () => '').map(([term]) => term);
  expect(terms).toEqual(['Kind', 'Last seen', 'Room', 'Model']);
  expect(identity({ ...it, header: false }, () => '').map(([term]) => term)).toContain('MAC');
  expect(boardsAmong([it, { ...it, header: false }])).toHaveLength(1);
});

test('a board that is there and not believed is neither online nor offline', () => {
  expect((['ONLINE', 'OFFLINE', 'QUARANTINED'] as const).map(availabilityWord)).toEqual([
    'Online',
    'Offline',
    'In quarantine',
  ]);
});

test('how long a board has been running, in its largest unit', () => {
  const minute = 60_000;
  expect([0, minute, 59 * minute, 60 * minute, 47 * 60 * minute, 48 * 60 * minute].map(lasted)).toEqual([
    'less than a minute',
    '1 minute',
    '59 minutes',
    '1 hour',
    '1 day',
    '2 days',
  ]);
});

test('how a device is, in words, and what is not known', () => {
  const known = {
    rssiDbm: -83,
    freeHeapBytes: 20_480,
    uptimeMs: 90_000,
    restartReason: 'watchdog',
    reconnects: 1,
    restarts: 4,
  };
  expect(health(device(known)).map(([, value]) => value)).toEqual([
    'very weak (-83 dBm)',
    'for 1 minute',
    'watchdog',
    'once',
    '4 times',
    '20 KiB free',
  ]);
  const nothing = {
    rssiDbm: null,
    freeHeapBytes: null,
    uptimeMs: null,
    restartReason: null,
    reconnects: 0,
    restarts: 0,
  };
  expect(health(device(nothing)).map(([, value]) => value)).toEqual([
    'not known',
    'not known',
    'not known',
    'never',
    'never',
    'not known',
  ]);
});
