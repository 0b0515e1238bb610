import type { Device } from '../api/devices';
import { strength } from './boards';

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
export const identity = (device: Device, since: (at: string) => string): [string, string][] => {
  const place: [string, string][] = [
    ['Last seen', device.lastSeen === null ? 'not known' : since(device.lastSeen)],
    ['Room', device.room?.name ?? 'none'],
    ['Model', device.model ?? 'not known'],
  ];
  if (device.header) return [['Kind', 'the gateway’s own header'], ...place];
  return [
    ...place,
    ['Firmware', device.firmware ?? 'not known'],
    ['Chip', device.chip ?? 'not known'],
    ['MAC', device.mac ?? 'not known'],
    ['Address', device.address ?? 'not known'],
  ];
};

/** Those that are boards, and not the gateway's own header. */
export const boardsAmong = (devices: Iterable<Device>): Device[] => [...devices].filter((one) => !one.header);

/** Whether its packets come from another MAC address than its board says it has; not to know is no difference. */
export const comesFromElsewhere = ({ mac, neighbourMac }: Pick<Device, 'mac' | 'neighbourMac'>): boolean =>
  mac !== null && neighbourMac !== null && mac.toLowerCase() !== neighbourMac.toLowerCase();

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

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

const many = (count: number, one: string): string => `${count} ${one}${count === 1 ? '' : 's'}`;

/** How long something has been so, in its largest unit. */
export function lasted(ms: number): string {
  if (ms < MINUTE_MS) return 'less than a minute';
  if (ms < HOUR_MS) return many(Math.floor(ms / MINUTE_MS), 'minute');
  return ms < DAY_MS ? many(Math.floor(ms / HOUR_MS), 'hour') : many(Math.floor(ms / DAY_MS), 'day');
}

const times = (count: number): string => (count === 0 ? 'never' : count === 1 ? 'once' : `${count} times`);

/** How a device is, term by term, in words for people; the number behind them is for whoever looks closer. */
export const health = ({ health: it }: Device): [string, string][] => [
  ['Wi-Fi', it.rssiDbm === null ? 'not known' : `${strength(it.rssiDbm)} (${it.rssiDbm} dBm)`],
  ['Running', it.uptimeMs === null ? 'not known' : `for ${lasted(it.uptimeMs)}`],
  ['Started by', it.restartReason ?? 'not known'],
  ['Came back', times(it.reconnects)],
  ['Restarted', times(it.restarts)],
  ['Memory', it.freeHeapBytes === null ? 'not known' : `${Math.round(it.freeHeapBytes / 1024)} KiB free`],
];
