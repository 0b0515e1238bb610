import type { Device } from '../api/devices';

/** What a device is, term by term. `since`: how long ago something was. */
export const identity = (device: Device, since: (at: string) => string): [string, string][] => [
  ['Last seen', device.lastSeen === null ? 'not known' : since(device.lastSeen)],
  ['Room', device.room?.name ?? 'none'],
  ['Model', device.model ?? 'not known'],
  ['Firmware', device.firmware ?? 'not known'],
  ['MAC', device.mac ?? 'not known'],
  ['Address', device.address ?? 'not known'],
];
