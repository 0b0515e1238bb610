/** How one gets into the fake gateway, and out. */
import { checkPassword } from './passwords';
import { nameFrom, refuse, type Asker, type Input } from './asking';
import type { World } from './world';

export const viewerOf = ({ person }: World) => ({ id: person.id, name: person.name, role: 'OWNER' });

export function entryMutations(world: World) {
  const enter = (asker: Asker) => {
    asker.open(world.sessions.open(asker.userAgent));
    return { token: null, viewer: viewerOf(world) };
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
      world.person = { ...world.person, name, password: input.password };
      world.claimed = true;
      return enter(asker);
    },
    signIn: ({ input }: Input<{ name: string; password: string }>, asker: Asker) => {
      if (!world.claimed) throw refuse('GATEWAY_UNCLAIMED', 'This gateway has not been claimed yet.');
      attempt();
      if (input.name !== world.person.name || input.password !== world.person.password) {
        throw refuse('UNAUTHENTICATED', 'Wrong name or password.');
      }
      return enter(asker);
    },
    signOut: (_: unknown, asker: Asker) => {
      if (asker.session) world.sessions.end(asker.session);
      asker.close();
      return true;
    },
  };
}
