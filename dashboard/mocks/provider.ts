/** A provider by whose word people sign in: whoever leaves for it is back at once, as the account it always vouches for. */
import { inside, known, nameFrom, refuse, type Asker, type ById, type Input } from './asking';
import { mailable } from './account';
import { addressOf } from './invitations';
import type { World } from './world';

export const providerMutations = (world: World) => ({
  linkProvider: inside(world, ({ input }: Input<{ password: string }>, { session }: Asker) => {
    const person = world.whoIs(session);
    if (input.password !== person.password) {
      throw refuse('BAD_INPUT', 'This is not your password.', { field: 'password' });
    }
    const linkedAt = new Date().toISOString();
    person.identities.push({ id: world.id('o'), provider: 'accounts.example.org', current: true, linkedAt });
    return { url: '/account?from=provider#provider-done' };
  }),
  unlinkProvider: inside(world, ({ input: { id } }: Input<ById>, { session }: Asker) => {
    const person = world.whoIs(session);
    known(new Map(person.identities.map((one) => [one.id, one])), id);
    if (!person.password) throw refuse('CONFLICT', 'You have no other way in. Choose a password first.');
    person.identities = person.identities.filter((one) => one.id !== id);
    return true;
  }),
  acceptInvitationByProvider: (
    { input }: Input<{ code: string; name: string; email?: string | null }>,
    asker: Asker,
  ) => {
    const invitation = world.invitations.open(input.code);
    if (!invitation) throw refuse('BAD_INPUT', 'This invitation has ended, or was used.', { field: 'code' });
    const name = nameFrom(input.name);
    if (world.personCalled(name)) {
      throw refuse('BAD_INPUT', 'Someone here has this name already.', { field: 'name' });
    }
    if (input.email) mailable(input.email);
    const person = world.addMember(name, invitation.role, '');
    addressOf(world, person, invitation, input.email);
    const linkedAt = new Date().toISOString();
    person.identities.push({ id: world.id('o'), provider: 'accounts.example.org', current: true, linkedAt });
    invitation.usesLeft -= 1;
    asker.open(world.sessions.open(asker.userAgent, person.id));
    return { url: '/?from=provider' };
  },
});
