/** One-time codes of the fake gateway for who forgot the password. */
import { inside, refuse, type Asker, type Input } from './asking';
import { mailable } from './account';
import { viewerOf } from './entry';
import { checkPassword } from './passwords';
import type { World } from './world';

export const recoveryMutations = (world: World) => ({
  createRecoveryCode: inside(world, () => {
    world.resetCode = 'q7hm-2kfd-9xw3-ptza';
    return { code: world.resetCode };
  }),
  requestPasswordLink: ({ input: { email } }: Input<{ email: string }>) => {
    mailable(email);
    const known = [...world.members.values()].some((one) => one.email === email);
    if (known) {
      world.resetCode = world.id('re5e-');
      world.mailed.set(email, world.resetCode);
    }
    return true;
  },
  resetPassword: ({ input }: Input<{ code: string; password: string }>, asker: Asker) => {
    if (input.code !== world.resetCode) {
      throw refuse('BAD_INPUT', 'This code is wrong, has expired, or was used.', { field: 'code' });
    }
    checkPassword(input.password, [world.person.name]);
    world.person.password = input.password;
    world.resetCode = null;
    world.sessions.endAll(world.person.id, null);
    const session = world.sessions.open(asker.userAgent, world.person.id);
    asker.open(session);
    return { token: null, viewer: viewerOf(world, session) };
  },
});
