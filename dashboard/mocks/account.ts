/** Where people are signed in to the fake gateway, and what they change of themselves. */
import { finds, inside, nameFrom, refuse, type Asker, type ById, type Input, type Searching } from './asking';
import { viewerOf } from './entry';
import { checkPassword } from './passwords';
import type { MockMember, World } from './world';

export interface MockSession {
  id: string;
  openedAt: string;
  lastUsedAt: string;
  userAgent: string | null;
  address: string;
  /** The person's id. */
  who: string;
}

/** By what the cookie holds. */
export class Sessions extends Map<string, MockSession> {
  constructor(private readonly world: World) {
    super();
  }

  /** Lets someone in; answers what the cookie is to hold. */
  open(userAgent: string | null, who: string, address = '192.168.1.20'): string {
    const secret = this.world.id('session-');
    const now = new Date().toISOString();
    this.set(secret, { id: this.world.id('l'), openedAt: now, lastUsedAt: now, userAgent, address, who });
    return secret;
  }

  /** Its WebSockets are closed too. */
  end(secret: string): void {
    if (this.delete(secret)) this.world.tell({ kind: 'session-ended', id: secret });
  }

  /** Ends those of a person, but for one. */
  endAll(who: string, but: string | null): void {
    for (const [secret, one] of [...this]) if (one.who === who && secret !== but) this.end(secret);
  }
}

export const accountQueries = (world: World) => ({
  sessions: inside(world, ({ everyone, search }: Searching & { everyone?: boolean }, { session }: Asker) =>
    [...world.sessions]
      .filter(([, one]) => world.members.has(one.who) && (everyone || one.who === world.whoIs(session).id))
      .reverse()
      .map(([secret, one]) => ({
        ...one,
        member: { ...world.members.get(one.who), grants: [] },
        current: secret === session,
      }))
      .filter((one) => finds(search, one.member.name, one.userAgent, one.address)),
  ),
});

interface UpdateViewer {
  name?: string | null;
  email?: string | null;
  password?: string | null;
}

function giveEmail(world: World, person: MockMember, email: string | null, password: string): void {
  if (email === null) {
    person.email = person.emailWaiting = null;
    return;
  }
  mailable(email);
  if (email === person.email) {
    person.emailWaiting = null;
    return;
  }
  if (email !== person.emailWaiting && password !== person.password) {
    throw refuse('BAD_INPUT', 'This is not your password.', { field: 'password' });
  }
  person.emailWaiting = email;
  world.mailed.set(email, world.id('c0de-'));
}

export function mailable(email: string): void {
  if (!/^[^@\s]+@[^@\s]+\.[^@\s]+$/.test(email)) {
    throw refuse('BAD_INPUT', 'An e-mail address looks like ana@example.org.', { field: 'email' });
  }
}

export const accountMutations = (world: World) => ({
  deleteSession: inside(world, ({ input: { id } }: Input<ById>) => {
    const found = [...world.sessions].find(([, one]) => one.id === id);
    if (!found) throw refuse('NOT_FOUND', 'There is no such session.');
    world.sessions.end(found[0]);
    return true;
  }),
  deleteOtherSessions: inside(world, (_: unknown, { session }: Asker) => {
    world.sessions.endAll(world.whoIs(session).id, session);
    return true;
  }),
  changePassword: inside(
    world,
    ({ input }: Input<{ current?: string | null; new: string }>, { session }: Asker) => {
      const person = world.whoIs(session);
      if (person.password && input.current !== person.password) {
        throw refuse('BAD_INPUT', 'This is not your password.', { field: 'current' });
      }
      checkPassword(input.new, [person.name], 'new');
      if (input.new === person.password) {
        throw refuse('BAD_INPUT', 'You had this password before.', { field: 'new' });
      }
      person.password = input.new;
      world.sessions.endAll(person.id, session);
      return true;
    },
  ),
  updateViewer: inside(world, ({ input }: Input<UpdateViewer>, { session }: Asker) => {
    const person = world.whoIs(session);
    if (input.email !== undefined) giveEmail(world, person, input.email, input.password ?? '');
    const name = nameFrom(input.name ?? person.name);
    if (!/\p{L}/u.test(name)) throw refuse('BAD_INPUT', 'A name has a letter.', { field: 'name' });
    person.name = name;
    return viewerOf(world, session);
  }),
  confirmEmail: ({ input: { code } }: Input<{ code: string }>) => {
    const waits = [...world.members.values()].find(
      (one) => one.emailWaiting && world.mailed.get(one.emailWaiting) === code,
    );
    if (!waits) {
      const message = 'This link is not good, or not any more. Ask for another one on your account’s page.';
      throw refuse('BAD_INPUT', message, { field: 'code' });
    }
    if ([...world.members.values()].some((one) => one !== waits && one.email === waits.emailWaiting)) {
      throw refuse('CONFLICT', 'Somebody else here has this address.');
    }
    waits.email = waits.emailWaiting;
    waits.emailWaiting = null;
    return true;
  },
});
