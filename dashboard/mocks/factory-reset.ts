/** The fake gateway's factory reset: boards that are away could not be told. */
import { inside, refuse, type Asker, type Input } from './asking';
import type { World } from './world';

export const factoryResetMutations = (world: World) => ({
  factoryReset: inside(
    world,
    async ({ input }: Input<{ homeName: string; password: string }>, { session }: Asker) => {
      const person = world.whoIs(session);
      if (person.role !== 'OWNER') throw refuse('FORBIDDEN', 'You may not do this.');
      if (!person.password) throw refuse('CONFLICT', 'Choose a password first, under My account.');
      if (input.password !== person.password)
        throw refuse('BAD_INPUT', 'This is not your password.', { field: 'password' });
      if (input.homeName !== world.homeName) {
        const message = 'This home is called otherwise: nothing was taken away.';
        throw refuse('BAD_INPUT', message, { field: 'homeName' });
      }
      await world.forgetting;
      const boards = [...world.devices.values()].filter((one) => !one.header);
      const kept = boards.filter((one) => one.availability !== 'ONLINE').map((one) => one.name);
      world.claimed = false;
      return { forgot: boards.length - kept.length, kept: kept.toSorted() };
    },
  ),
});
