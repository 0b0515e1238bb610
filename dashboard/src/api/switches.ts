import { graphql, type ResultOf } from './graphql';
import { request } from './http';
import type { Socket } from './socket';

const SWITCH = graphql(`
  fragment SwitchFields on Switch {
    id
    name
    on
    reportedAt
    availability
    mayOperate
    room {
      id
      name
    }
    device {
      id
      name
      lastSeen
    }
    openCommand {
      id
      on
      actor {
        kind
        name
      }
    }
    lastChange {
      on
      at
      actor {
        kind
        name
      }
      command {
        id
        outcome
        latencyMs
      }
    }
    lastCommand {
      id
      outcome
      reason
      reasonCode
      settledAt
      actor {
        kind
        name
      }
    }
  }
`);

const COMMAND = graphql(
  `
    fragment CommandFields on Command {
      id
      on
      outcome
      reason
      reasonCode
      latencyMs
      actor {
        kind
        name
      }
      switch {
        ...SwitchFields
      }
    }
  `,
  [SWITCH],
);

const SWITCHES = graphql(
  `
    query Switches {
      switches {
        ...SwitchFields
      }
    }
  `,
  [SWITCH],
);

const COMMAND_BY_ID = graphql(
  `
    query CommandById($id: ID!) {
      command(id: $id) {
        ...CommandFields
      }
    }
  `,
  [COMMAND],
);

const SET_SWITCH = graphql(
  `
    mutation SetSwitch($input: SetSwitchInput!) {
      setSwitch(input: $input) {
        ...CommandFields
      }
    }
  `,
  [COMMAND],
);

const SET_SWITCHES = graphql(
  `
    mutation SetSwitches($inputs: [SetSwitchInput!]!) {
      setSwitches(inputs: $inputs) {
        switchId
        code
        command {
          ...CommandFields
        }
      }
    }
  `,
  [COMMAND],
);

const UPDATE_SWITCH = graphql(
  `
    mutation UpdateSwitch($input: UpdateSwitchInput!) {
      updateSwitch(input: $input) {
        ...SwitchFields
      }
    }
  `,
  [SWITCH],
);

const SWITCH_CHANGED = graphql(
  `
    subscription SwitchChanged {
      switchChanged {
        ...SwitchFields
      }
    }
  `,
  [SWITCH],
);

const SWITCH_REMOVED = graphql(`
  subscription SwitchRemoved {
    switchRemoved
  }
`);

export type Switch = ResultOf<typeof SWITCH>;
export type Command = ResultOf<typeof COMMAND>;
export type Change = NonNullable<Switch['lastChange']>;
export type Actor = NonNullable<Change['actor']>;
export type SetResult = ResultOf<typeof SET_SWITCHES>['setSwitches'][number];

export const switches = async (): Promise<Switch[]> => (await request(SWITCHES, {})).switches;

/** A command by its id, or null when this viewer may not know of it. */
export const command = async (id: string): Promise<Command | null> =>
  (await request(COMMAND_BY_ID, { id })).command;

/** Asks for a state. Answers when the command has settled, whatever became of it. */
export const setSwitch = async (switchId: string, on: boolean): Promise<Command> =>
  (await request(SET_SWITCH, { input: { switchId, on, requestId: requestId() } })).setSwitch;

/** Asks for several states at once. Answers when all have settled, in the order asked. */
export const setSwitches = async (
  wanted: readonly { switchId: string; on: boolean }[],
): Promise<SetResult[]> =>
  (await request(SET_SWITCHES, { inputs: wanted.map((one) => ({ ...one, requestId: requestId() })) }))
    .setSwitches;

/** `roomId`: leave out to keep, null to go by the device's room. */
export const updateSwitch = async (input: {
  id: string;
  name?: string;
  roomId?: string | null;
}): Promise<Switch> => (await request(UPDATE_SWITCH, { input })).updateSwitch;

/** Current switches first, then every change. */
export const onSwitchChanged = (socket: Socket, next: (changed: Switch) => void): void =>
  socket.subscribe(SWITCH_CHANGED, (result) => next(result.switchChanged));

export const onSwitchRemoved = (socket: Socket, next: (id: string) => void): void =>
  socket.subscribe(SWITCH_REMOVED, (result) => next(result.switchRemoved));

/**
 * Browsers may send a POST again when a kept connection dies under it; the same id makes that one command.
 * (`crypto.randomUUID` is missing on plain HTTP.)
 */
function requestId(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(12)), (byte) =>
    byte.toString(16).padStart(2, '0'),
  ).join('');
}
