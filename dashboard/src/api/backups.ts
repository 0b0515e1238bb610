import { graphql, type ResultOf } from './graphql';
import { request } from './http';

const BACKUPS = graphql(`
  query Backups {
    backups {
      recoveryKey
      directory
      making
      kept {
        name
        bytes
        madeAt
      }
      proven {
        name
        at
      }
      problem
    }
  }
`);

const CREATE_RECOVERY_KEY = graphql(`
  mutation CreateRecoveryKey {
    createRecoveryKey {
      key
    }
  }
`);

const BACK_UP_NOW = graphql(`
  mutation BackUpNow {
    backUpNow
  }
`);

export type Backups = ResultOf<typeof BACKUPS>['backups'];

export const backups = async (): Promise<Backups> => (await request(BACKUPS, {})).backups;

/** The key is answered this once. */
export const createRecoveryKey = async (): Promise<string> =>
  (await request(CREATE_RECOVERY_KEY, {})).createRecoveryKey.key;

export const backUpNow = async (): Promise<void> => void (await request(BACK_UP_NOW, {}));
