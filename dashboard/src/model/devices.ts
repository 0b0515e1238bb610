import type { Device } from '../api/devices';

export type Quarantine = NonNullable<Device['quarantine']>;

/** Whether a board is there, in a word. */
export function availabilityWord(availability: Device['availability']): string {
  switch (availability) {
    case 'ONLINE':
      return 'Online';
    case 'QUARANTINED':
      return 'In quarantine';
    case 'OFFLINE':
      return 'Offline';
  }
}

/** What a device is, term by term. `since`: how long ago something was. */
export const identity = (device: Device, since: (at: string) => string): [string, string][] => [
  ['Last seen', device.lastSeen === null ? 'not known' : since(device.lastSeen)],
  ['Room', device.room?.name ?? 'none'],
  ['Model', device.model ?? 'not known'],
  ['Firmware', device.firmware ?? 'not known'],
  ['Chip', device.chip ?? 'not known'],
  ['MAC', device.mac ?? 'not known'],
  ['Address', device.address ?? 'not known'],
];

/** What was expected and what came, side by side; what differs is marked. */
export const compared = (quarantine: Quarantine) =>
  (
    [
      ['Chip', quarantine.expectedChip, quarantine.chip],
      ['MAC', quarantine.expectedMac, quarantine.mac],
    ] as const
  ).map(([what, expected, came]) => ({
    what,
    expected,
    came: came ?? 'not told',
    differs: came?.toLowerCase() !== expected.toLowerCase(),
  }));

/** What to name when the board that is there is accepted; null while it does not say who it is. */
export const acceptable = ({ chip, mac }: Quarantine): { chip: string; mac: string } | null =>
  chip !== null && mac !== null ? { chip, mac } : null;
