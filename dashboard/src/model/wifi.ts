/** Boards that are given another network: how far each is, and what to do about those that did not get there. */
import type { WifiChange, WifiMove } from '../api/wifi';

/** How a board is on its way, as it looks. */
export type Look = 'next' | 'now' | 'done' | 'failed';

/** How it looks, and in a word. */
export function ofMove({ state }: WifiMove): { look: Look; word: string } {
  switch (state) {
    case 'WAITING':
      return { look: 'next', word: 'Waiting' };
    case 'ASKED':
    case 'TRYING':
      return { look: 'now', word: 'On its way' };
    case 'CHANGED':
      return { look: 'done', word: 'There' };
    case 'SILENT':
      return { look: 'failed', word: 'Not known' };
    case 'FELL_BACK':
    case 'REFUSED':
    case 'OFFLINE':
    case 'QUARANTINED':
    case 'UNSUPPORTED':
    case 'READABLE':
    case 'NOT_ASKED':
      return { look: 'failed', word: 'Not there' };
  }
}

/** The boards of a change that a page shows: all, or that of one device. */
export const movesOf = (change: WifiChange | null, device: string | null): readonly WifiMove[] =>
  (change?.moves ?? []).filter((one) => device === null || one.device?.id === device);

/** The devices that a change left where they were, when nothing more comes of it. */
export const leftBehind = (change: WifiChange | null): string[] =>
  change?.done
    ? change.moves.flatMap((one) => (one.state !== 'CHANGED' && one.device ? [one.device.id] : []))
    : [];

/** How it stands as a whole, in a line. */
export function standing({ ssid, done, moves }: WifiChange): string {
  const there = moves.filter((one) => one.state === 'CHANGED').length;
  const boards = moves.length === 1 ? '1 board' : `${moves.length} boards`;
  return done
    ? `${there} of ${boards} got to “${ssid}”.`
    : `So far ${there} of ${boards} got to “${ssid}”, one after the other.`;
}
