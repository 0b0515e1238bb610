import { graphql, type ResultOf, type VariablesOf } from './graphql';
import { request } from './http';
import type { Socket } from './socket';

const WIFI_CHANGED = graphql(`
  subscription WifiChanged {
    wifiChanged {
      ssid
      done
      by {
        name
      }
      moves {
        state
        message
        device {
          id
          name
        }
      }
    }
  }
`);

const CHANGE_WIFI = graphql(`
  mutation ChangeWifi($input: ChangeWifiInput!) {
    changeWifi(input: $input) {
      ssid
    }
  }
`);

export type WifiChange = ResultOf<typeof WIFI_CHANGED>['wifiChanged'];
export type WifiMove = WifiChange['moves'][number];
export type ChangeWifiInput = VariablesOf<typeof CHANGE_WIFI>['input'];

/** The last time that boards were given another network, again whenever one of them is further. An owner is told of it, nobody else. */
export const onWifiChanged = (socket: Socket, next: (change: WifiChange) => void): void =>
  socket.subscribe(WIFI_CHANGED, (result) => next(result.wifiChanged));

/** Begins to give boards another network; `onWifiChanged` tells how it goes on. */
export const changeWifi = async (input: ChangeWifiInput): Promise<void> =>
  void (await request(CHANGE_WIFI, { input }));
