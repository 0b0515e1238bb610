import { expect, test } from 'vitest';
import { acceptable, availabilityWord, compared, type Quarantine } from '../../src/model/devices';

const came = (chip: string | null, mac: string | null): Quarantine => ({
  reason: 'OTHER_HARDWARE',
  since: null,
  expectedChip: 'a1b2c3',
  expectedMac: '5c:cf:7f:a1:b2:c3',
  chip,
  mac,
});

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

test('a board that is there and not believed is neither online nor offline', () => {
  expect((['ONLINE', 'OFFLINE', 'QUARANTINED'] as const).map(availabilityWord)).toEqual([
    'Online',
    'Offline',
    'In quarantine',
  ]);
});
