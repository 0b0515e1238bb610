import { graphql, type ResultOf, type VariablesOf } from './graphql';
import { BOARD_ANSWERS_WITHIN_MS, request } from './http';

const SETTINGS = graphql(`
  fragment SettingsFields on Switch {
    id
    name
    on
    settings {
      powerOn
      pulseMs
      interlockGroup
      wiring {
        normallyClosed
        activeLow
      }
    }
  }
`);

const BOARD_SETTINGS = graphql(
  `
    query BoardSettings($id: ID!) {
      device(id: $id) {
        id
        configurable
        switches {
          ...SettingsFields
        }
      }
    }
  `,
  [SETTINGS],
);

const IDENTIFY = graphql(`
  mutation IdentifyDevice($input: IdentifyDeviceInput!) {
    identifyDevice(input: $input) {
      outcome
      reason
    }
  }
`);

const RESTART = graphql(`
  mutation RestartDevice($input: RestartDeviceInput!) {
    restartDevice(input: $input) {
      outcome
      reason
    }
  }
`);

const UPDATE = graphql(
  `
    mutation UpdateSwitchSettings($input: UpdateSwitchSettingsInput!) {
      updateSwitchSettings(input: $input) {
        outcome
        reason
        field
        switch {
          ...SettingsFields
        }
      }
    }
  `,
  [SETTINGS],
);

export type RelayOfBoard = ResultOf<typeof SETTINGS>;
export type RelaySettings = NonNullable<RelayOfBoard['settings']>;
export type SettingsInput = VariablesOf<typeof UPDATE>['input'];
/** What became of what was asked of a board. */
export type BoardAnswer = ResultOf<typeof IDENTIFY>['identifyDevice'];
export type SettingsAnswer = ResultOf<typeof UPDATE>['updateSwitchSettings'];

/** What a device's board says of its relays; null when there is no such device. */
export const boardSettings = async (id: string) => (await request(BOARD_SETTINGS, { id })).device;

export const identifyDevice = async (deviceId: string): Promise<BoardAnswer> =>
  (await request(IDENTIFY, { input: { deviceId } }, BOARD_ANSWERS_WITHIN_MS)).identifyDevice;

export const restartDevice = async (deviceId: string): Promise<BoardAnswer> =>
  (await request(RESTART, { input: { deviceId } }, BOARD_ANSWERS_WITHIN_MS)).restartDevice;

/** Four settings at most, each of which its board may take five seconds to answer. */
export const updateSwitchSettings = async (input: SettingsInput): Promise<SettingsAnswer> =>
  (await request(UPDATE, { input }, BOARD_ANSWERS_WITHIN_MS)).updateSwitchSettings;
