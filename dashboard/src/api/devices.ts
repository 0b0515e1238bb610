import { graphql, type ResultOf } from './graphql';
import { BOARD_ANSWERS_WITHIN_MS, request } from './http';
import type { Socket } from './socket';

const DEVICE = graphql(`
  fragment DeviceFields on Device {
    id
    name
    availability
    lastSeen
    model
    firmware
    mac
    chip
    address
    neighbourMac
    behindRepeater
    rotatingCredential
    health {
      rssiDbm
      freeHeapBytes
      uptimeMs
      restartReason
      reconnects
      restarts
    }
    quarantine {
      reason
      since
      expectedChip
      expectedMac
      chip
      mac
    }
    configurable
    header
    room {
      id
      name
    }
    switches {
      id
      name
    }
  }
`);

const DEVICES = graphql(
  `
    query Devices {
      devices {
        ...DeviceFields
      }
    }
  `,
  [DEVICE],
);

const UPDATE_DEVICE = graphql(
  `
    mutation UpdateDevice($input: UpdateDeviceInput!) {
      updateDevice(input: $input) {
        ...DeviceFields
      }
    }
  `,
  [DEVICE],
);

const ROTATE_CREDENTIAL = graphql(
  `
    mutation RotateCredential($input: RotateCredentialInput!) {
      rotateCredential(input: $input) {
        ...DeviceFields
      }
    }
  `,
  [DEVICE],
);

const RELEASE_DEVICE = graphql(
  `
    mutation ReleaseDevice($input: ReleaseDeviceInput!) {
      releaseDevice(input: $input) {
        ...DeviceFields
      }
    }
  `,
  [DEVICE],
);

const SET_BEHIND_REPEATER = graphql(
  `
    mutation SetBehindRepeater($input: SetBehindRepeaterInput!) {
      setBehindRepeater(input: $input) {
        ...DeviceFields
      }
    }
  `,
  [DEVICE],
);

const REMOVE_DEVICE = graphql(`
  mutation RemoveDevice($input: DeleteDeviceInput!) {
    removeDevice(input: $input) {
      wiped
      reason
    }
  }
`);

const DEVICE_REMOVED = graphql(`
  subscription DeviceRemoved {
    deviceRemoved
  }
`);

const DEVICE_CHANGED = graphql(
  `
    subscription DeviceChanged {
      deviceChanged {
        ...DeviceFields
      }
    }
  `,
  [DEVICE],
);

export type Device = ResultOf<typeof DEVICE>;

export const devices = async (): Promise<Device[]> => (await request(DEVICES, {})).devices;

/** `roomId`: leave out to keep, null to clear. */
export const updateDevice = async (input: {
  id: string;
  name?: string;
  roomId?: string | null;
}): Promise<Device> => (await request(UPDATE_DEVICE, { input })).updateDevice;

/** Answers when the board has logged in with its new password, or says in `rotatingCredential` that it has not yet. */
export const rotateCredential = async (deviceId: string): Promise<Device> =>
  (await request(ROTATE_CREDENTIAL, { input: { deviceId } }, BOARD_ANSWERS_WITHIN_MS)).rotateCredential;

/** The board that is quarantined is the device from now on, if it is still the one that was shown. */
export const releaseDevice = async (input: {
  deviceId: string;
  chip: string;
  mac: string;
}): Promise<Device> => (await request(RELEASE_DEVICE, { input })).releaseDevice;

/** Whether its packets come by way of another machine, so that it is no news when they do. */
export const setBehindRepeater = async (input: {
  deviceId: string;
  behindRepeater: boolean;
}): Promise<Device> => (await request(SET_BEHIND_REPEATER, { input })).setBehindRepeater;

export type Removed = ResultOf<typeof REMOVE_DEVICE>['removeDevice'];

/** Its switches go with it, and what was shared of them. A board that is there forgets the home: what came of that. */
export const deleteDevice = async (id: string): Promise<Removed> =>
  (await request(REMOVE_DEVICE, { input: { id } }, BOARD_ANSWERS_WITHIN_MS)).removeDevice;

/** It is gone, or is not to be seen any more. */
export const onDeviceRemoved = (socket: Socket, next: (id: string) => void): void =>
  socket.subscribe(DEVICE_REMOVED, (result) => next(result.deviceRemoved));

export const onDeviceChanged = (socket: Socket, next: (changed: Device) => void): void =>
  socket.subscribe(DEVICE_CHANGED, (result) => next(result.deviceChanged));
