/** Where people are signed in to the fake gateway, and what they change of themselves. */
import { inside, nameFrom, refuse, type Asker, type ById, type Input } from './asking';
import { viewerOf } from './entry';
import { checkPassword } from './passwords';
import type { World } from './world';

export interface MockSession {
  id: string;
  openedAt: string;
  lastUsedAt: string;
  userAgent: string | null;
  address: string;
}

/** By what the cookie holds. */
export class Sessions extends Map<string, MockSession> {
  constructor(private readonly world: World) {
    super();
  }

  /** Lets someone in; answers what the cookie is to hold. */
  open(userAgent: string | null, address = '192.168.1.20'): string {
    const secret = this.world.id('session-');
    const now = new Date().toISOString();
    this.set(secret, { id: this.world.id('l'), openedAt: now, lastUsedAt: now, userAgent, address });
    return secret;
  }

  /** Its WebSockets are closed too. */
  end(secret: string): void {
    if (this.delete(secret)) this.world.tell({ kind: 'session-ended', id: secret });
  }

  endOthers(secret: string | null): void {
    for (const one of [...this.keys()]) if (one !== secret) this.end(one);
  }
}

export const accountQueries = (world: World) => ({
  sessions: inside(world, (_: unknown, { session }: Asker) =>
    [...world.sessions].reverse().map(([secret, one]) => ({ ...one, current: secret === session })),
  ),
});

export const accountMutations = (world: World) => ({
  deleteSession: inside(world, ({ input: { id } }: Input<ById>) => {
    const found = [...world.sessions].find(([, one]) => one.id === id);
    if (!found) throw refuse('NOT_FOUND', 'There is no such session.');
    world.sessions.end(found[0]);
    return true;
  }),
  deleteOtherSessions: inside(world, (_: unknown, { session }: Asker) => {
    world.sessions.endOthers(session);
    return true;
  }),
  changePassword: inside(world, ({ input }: Input<{ current: string; new: string }>, { session }: Asker) => {
    if (input.current !== world.person.password) {
      throw refuse('BAD_INPUT', 'This is not your password.', { field: 'current' });
    }
    checkPassword(input.new, [world.person.name], 'new');
    if (input.new === world.person.password) {
      throw refuse('BAD_INPUT', 'You had this password before.', { field: 'new' });
    }
    world.person.password = input.new;
    world.sessions.endOthers(session);
    return true;
  }),
  updateViewer: inside(world, ({ input }: Input<{ name?: string | null }>) => {
    const name = nameFrom(input.name ?? world.person.name);
    if (!/\p{L}/u.test(name)) throw refuse('BAD_INPUT', 'A name has a letter.', { field: 'name' });
    world.person.name = name;
    return viewerOf(world);
  }),
});
