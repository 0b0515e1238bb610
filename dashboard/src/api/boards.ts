import { graphql, type ResultOf, type VariablesOf } from './graphql';
import { request } from './http';
import type { Socket } from './socket';

const CLAIM = graphql(`
  fragment ClaimFields on Claim {
    id
    name
    ssid
    by {
      name
    }
    replaces {
      id
    }
    progress {
      step
      percent
      message
      done
      error
    }
  }
`);

const BOARD = graphql(
  `
    fragment BoardFields on Board {
      id
      source
      name
      location
      state
      advice
      boardId
      model
      mac
      firmware
      relays
      hasHome
      networks {
        ssid
        rssi
        protected
      }
      device {
        id
        name
      }
      flash {
        id
        image {
          name
          version
        }
        step
        percent
        message
        done
        error
      }
      wifiGiving {
        id
        ssid
        firmware
        step
        percent
        message
        done
        error
        url
      }
      claim {
        ...ClaimFields
      }
    }
  `,
  [CLAIM],
);

const BOARDS_CHANGED = graphql(
  `
    subscription BoardsChanged {
      boardsChanged {
        ...BoardFields
      }
    }
  `,
  [BOARD],
);

const CLAIMS_CHANGED = graphql(
  `
    subscription ClaimsChanged {
      claimsChanged {
        ...ClaimFields
        board {
          id
        }
      }
    }
  `,
  [CLAIM],
);

const CLAIM_DEVICE = graphql(`
  mutation ClaimDevice($input: ClaimDeviceInput!) {
    claimDevice(input: $input) {
      id
    }
  }
`);

const CANCEL_CLAIM = graphql(`
  mutation CancelClaim($input: CancelClaimInput!) {
    cancelClaim(input: $input) {
      id
    }
  }
`);

const CONFIRM_CLAIM = graphql(`
  mutation ConfirmClaim($input: ConfirmClaimInput!) {
    confirmClaim(input: $input) {
      id
    }
  }
`);

const IDENTIFY_BOARD = graphql(`
  mutation IdentifyBoard($input: IdentifyBoardInput!) {
    identifyBoard(input: $input) {
      id
    }
  }
`);

export type Board = ResultOf<typeof BOARD>;
export type Claim = NonNullable<Board['claim']>;
export type Flash = NonNullable<Board['flash']>;
export type WifiGiving = NonNullable<Board['wifiGiving']>;
/** A claim with its board, null when that is not plugged in any more. */
export type ToldClaim = ResultOf<typeof CLAIMS_CHANGED>['claimsChanged'][number];
export type ClaimDeviceInput = VariablesOf<typeof CLAIM_DEVICE>['input'];

/** All that are plugged in or in the network, again whenever one of them or its claim is another. An owner is told of them, nobody else. */
export const onBoardsChanged = (socket: Socket, next: (boards: readonly Board[]) => void): void =>
  socket.subscribe(BOARDS_CHANGED, (result) => next(result.boardsChanged));

/** All claims, again whenever one of them is another. An owner is told of them, nobody else. */
export const onClaimsChanged = (socket: Socket, next: (claims: readonly ToldClaim[]) => void): void =>
  socket.subscribe(CLAIMS_CHANGED, (result) => next(result.claimsChanged));

/** Begins to make a device of a board; the boards tell how it goes on. */
export const claimDevice = async (input: ClaimDeviceInput): Promise<void> =>
  void (await request(CLAIM_DEVICE, { input }));

/** The board goes back to what it had. */
export const cancelClaim = async (claimId: string): Promise<void> =>
  void (await request(CANCEL_CLAIM, { input: { claimId } }));

/** Says which number the light of a board blinks that is claimed in the network; there is one try. */
export const confirmClaim = async (claimId: string, number: number): Promise<void> =>
  void (await request(CONFIRM_CLAIM, { input: { claimId, number } }));

/** Asks a board anew who it is. */
export const identifyBoard = async (boardId: string): Promise<void> =>
  void (await request(IDENTIFY_BOARD, { input: { boardId } }));
