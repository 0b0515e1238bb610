import { graphql, type VariablesOf } from './graphql';
import { request } from './http';

const GIVE_WIFI = graphql(`
  mutation GiveWifi($input: GiveWifiInput!) {
    giveWifi(input: $input) {
      id
    }
  }
`);

const CANCEL_GIVE_WIFI = graphql(`
  mutation CancelGiveWifi($input: CancelGiveWifiInput!) {
    cancelGiveWifi(input: $input) {
      id
    }
  }
`);

export type GiveWifiInput = VariablesOf<typeof GIVE_WIFI>['input'];

/** Begins to give a board of another firmware Wi-Fi; the boards tell how it goes on. */
export const giveWifi = async (input: GiveWifiInput): Promise<void> =>
  void (await request(GIVE_WIFI, { input }));

/** The gateway leaves the port; the board may have been told the network already. */
export const cancelGiveWifi = async (boardId: string): Promise<void> =>
  void (await request(CANCEL_GIVE_WIFI, { input: { boardId } }));
