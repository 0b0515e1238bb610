/** The fake home's own data. */
import type { UpdateHomeInput } from '../src/api/home';
import { inside, nameFrom, refuse, type Asker, type Input } from './asking';
import type { World } from './world';

const homeOf = (world: World) => ({
  id: 'h1',
  name: world.homeName,
  timeZone: world.timeZone,
  contact: world.contact,
});

export const homeQueries = (world: World) => ({ home: inside(world, () => homeOf(world)) });

export const homeMutations = (world: World) => ({
  updateHome: inside(world, ({ input }: Input<UpdateHomeInput>, { session }: Asker) => {
    if (world.whoIs(session).role !== 'OWNER') throw refuse('FORBIDDEN', 'Ask the owner of the home.');
    const { timeZone, contact } = input;
    if (timeZone && !Intl.supportedValuesOf('timeZone').includes(timeZone)) {
      throw refuse('BAD_INPUT', 'There is no such time zone.', { field: 'timeZone' });
    }
    if (contact && contact.length > 200) {
      throw refuse('BAD_INPUT', 'This has room for 200 characters.', { field: 'contact' });
    }
    if (input.name) world.homeName = nameFrom(input.name);
    if (timeZone) world.timeZone = timeZone;
    if (typeof contact === 'string') world.contact = contact.trim() || null;
    return homeOf(world);
  }),
});
