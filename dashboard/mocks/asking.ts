/** What every resolver of the fake gateway needs: who asks, and how they are refused. */
import { GraphQLError } from 'graphql';
import type { World } from './world';

/** Who asks, and how to let them in or out. */
export interface Asker {
  session: string | null;
  userAgent: string | null;
  open(session: string): void;
  close(): void;
}

export type Input<T> = { input: T };
export type ById = { id: string };
export type Searching = { search?: string | null };

export const refuse = (code: string, message: string, more: Record<string, unknown> = {}) =>
  new GraphQLError(message, { extensions: { code, ...more } });

export function checkInside(world: World, { session }: Asker): void {
  if (!world.claimed) throw refuse('GATEWAY_UNCLAIMED', 'This gateway has not been claimed yet.');
  if (!session || !world.sessions.has(session)) throw refuse('UNAUTHENTICATED', 'Sign in first.');
}

/** A resolver that only members reach. */
export const inside =
  <Args, Answer>(world: World, act: (args: Args, asker: Asker) => Answer) =>
  (args: Args, asker: Asker): Answer => {
    checkInside(world, asker);
    return act(args, asker);
  };

/** Whether what is looked for is in one of these texts; nothing is in all. */
export const finds = (search: string | null | undefined, ...texts: (string | null | undefined)[]): boolean =>
  texts.some((text) => (text ?? '').toLowerCase().includes((search ?? '').trim().toLowerCase()));

export function known<T>(map: ReadonlyMap<string, T>, id: string): T {
  const found = map.get(id);
  if (!found) throw refuse('NOT_FOUND', 'There is no such thing here.');
  return found;
}

export function nameFrom(text: string, field = 'name'): string {
  if (!text.trim()) throw refuse('BAD_INPUT', 'Give it a name.', { field });
  return text.trim();
}
