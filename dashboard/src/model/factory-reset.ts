import type { Erased } from '../api/factory-reset';

/** What boards made of a factory reset, for whoever asked for it. */
export function ofBoards({ forgot, kept }: Erased): string {
  const count = forgot === 1 ? '1 board has' : `${forgot || 'No'} ${forgot ? 'boards have' : 'board has'}`;
  return kept.length || forgot ? `${count} forgotten it.` : '';
}

/** What is to be done about boards that could not be told; empty when all were. */
export const ofOthers = ({ kept }: Erased): string =>
  kept.length
    ? `Boards that could not be told know its Wi-Fi still; flash them, or claim them anew: ${kept.join(', ')}.`
    : '';
