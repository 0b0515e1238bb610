import { graphql, type ResultOf } from './graphql';
import { request } from './http';
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
    address
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

export const onDeviceChanged = (socket: Socket, next: (changed: Device) => void): void =>
  socket.subscribe(DEVICE_CHANGED, (result) => next(result.deviceChanged));
