import { graphql, type ResultOf } from './graphql';
import { request } from './http';
import type { Socket } from './socket';

const BACKUPS_CHANGED = graphql(`
  subscription BackupsChanged {
    backupsChanged {
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

export type Backups = ResultOf<typeof BACKUPS_CHANGED>['backupsChanged'];

/** How they stand, again whenever that changes. An owner is told of it, nobody else. */
export const onBackupsChanged = (socket: Socket, next: (backups: Backups) => void): void =>
  socket.subscribe(BACKUPS_CHANGED, (result) => next(result.backupsChanged));

/** Where an owner gets one as a file, as the record. */
export const backupFile = (name: string): string => `/backups/${name}`;

/** The key is answered this once. */
export const createRecoveryKey = async (): Promise<string> =>
  (await request(CREATE_RECOVERY_KEY, {})).createRecoveryKey.key;

/** Begins one; `onBackupsChanged` tells how it goes on. */
export const backUpNow = async (): Promise<void> => void (await request(BACK_UP_NOW, {}));
