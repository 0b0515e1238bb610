/** How one gets into the fake gateway, and out. */
import { checkPassword } from './passwords';
import { nameFrom, refuse, type Asker, type Input } from './asking';
import type { World } from './world';

export const viewerOf = (world: World, session: string | null) => {
  const link = world.shares.get(world.idOf(session));
  if (link) {
    const { id, name, until } = link;
    const ways = { hasPassword: false, identities: [], email: null, emailWaiting: null };
    return { id, name, until, role: 'GUEST', kind: 'GUEST_LINK', mayShare: false, ...ways };
  }
  const { id, name, role, password, identities, email, emailWaiting } = world.whoIs(session);
  const ways = { hasPassword: password !== '', identities, email, emailWaiting };
  return { id, name, role, kind: 'MEMBER', until: null, mayShare: role !== 'GUEST', ...ways };
};

export function entryMutations(world: World) {
  const enter = (asker: Asker, who: string) => {
    const session = world.sessions.open(asker.userAgent, who);
    asker.open(session);
    return { token: null, viewer: viewerOf(world, session) };
  };
  const attempt = (): void => {
    if (world.attemptsLeft <= 0) {
      throw refuse('RATE_LIMITED', 'Too many attempts.', { retryAfterMs: 12_000 });
    }
    world.attemptsLeft -= 1;
  };
  return {
    claimGateway: (
      { input }: Input<{ code: string; homeName: string; memberName: string; password: string }>,
      asker: Asker,
    ) => {
      if (world.claimed) throw refuse('CONFLICT', 'This gateway has already been claimed.');
      attempt();
      if (input.code !== world.claimCode) {
        throw refuse('BAD_INPUT', 'This claim code is wrong or has expired.', { field: 'code' });
      }
      const homeName = nameFrom(input.homeName, 'homeName');
      const name = nameFrom(input.memberName, 'memberName');
      checkPassword(input.password, [homeName, name]);
      world.homeName = homeName;
      Object.assign(world.person, { name, password: input.password });
      world.claimed = true;
      return enter(asker, world.person.id);
    },
    signIn: ({ input }: Input<{ name: string; password: string }>, asker: Asker) => {
      if (!world.claimed) throw refuse('GATEWAY_UNCLAIMED', 'This gateway has not been claimed yet.');
      attempt();
      const person = world.personCalled(input.name);
      if (!person?.password || person.password !== input.password)
        throw refuse('UNAUTHENTICATED', 'Wrong name or password.');
      return enter(asker, person.id);
    },
    signOut: (_: unknown, asker: Asker) => {
      if (asker.session) world.sessions.end(asker.session);
      asker.close();
      return true;
    },
  };
}
