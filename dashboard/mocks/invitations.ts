/** Invitations to the fake home. */
import type { CreateInvitationInput } from '../src/api/invitations';
import type { Actor } from '../src/api/switches';
import {
  finds,
  inside,
  known,
  nameFrom,
  refuse,
  type Asker,
  type ById,
  type Input,
  type Searching,
} from './asking';
import { mailable } from './account';
import { viewerOf } from './entry';
import { checkPassword } from './passwords';
import { targetOf } from './people';
import type { MockMember, World } from './world';

export interface MockInvitation {
  id: string;
  code: string;
  role: CreateInvitationInput['role'];
  email: string | null;
  expiresAt: string | null;
  usesLeft: number;
  by: Actor;
  createdAt: string;
  grants: NonNullable<CreateInvitationInput['grants']>;
}

export class Invitations extends Map<string, MockInvitation> {
  constructor(private readonly world: World) {
    super();
  }

  add(
    { role, email = null, expiresAt = null, uses, grants }: CreateInvitationInput,
    by: Actor = { kind: 'MEMBER', name: this.world.person.name },
  ): MockInvitation {
    const one: MockInvitation = {
      id: this.world.id('v'),
      code: this.world.id('kq7m-2fdh-'),
      role,
      email,
      expiresAt,
      usesLeft: uses ?? 1,
      by,
      grants: grants ?? [],
      createdAt: new Date().toISOString(),
    };
    this.set(one.id, one);
    return one;
  }

  open(code: string): MockInvitation | undefined {
    return [...this.values()].find((one) => one.code === code && one.usesLeft > 0);
  }
}

const shownIn = (world: World) => (one: MockInvitation) => ({
  ...one,
  grants: one.grants.map((grant) => ({ ...grant, target: targetOf(world, grant.target) })),
});

export const invitationQueries = (world: World) => ({
  invitations: inside(world, ({ search }: Searching, asker: Asker) => {
    const { name, role } = world.whoIs(asker.session);
    return [...world.invitations.values()]
      .filter((one) => one.usesLeft > 0 && (role === 'OWNER' || one.by.name === name))
      .filter((one) => finds(search, one.email, one.by.name))
      .map(shownIn(world));
  }),
  invitation: ({ code }: { code: string }) => {
    const one = world.invitations.open(code);
    return one ? { homeName: world.homeName, inviter: one.by.name, role: one.role, email: one.email } : null;
  },
});

/** The address of who comes: the invitation's own needs no confirmation. */
export function addressOf(
  world: World,
  member: MockMember,
  invitation: MockInvitation,
  email: string | null | undefined,
): void {
  if (email && email === invitation.email) member.email = email;
  else if (email) {
    member.emailWaiting = email;
    world.mailed.set(email, world.id('c0de-'));
  }
}

interface Acceptance {
  code: string;
  name: string;
  password: string;
  email?: string | null;
}

export const invitationMutations = (world: World) => ({
  createInvitation: inside(world, ({ input }: Input<CreateInvitationInput>, asker: Asker) => {
    const { name, role } = world.whoIs(asker.session);
    if (role !== 'OWNER' && (input.role === 'OWNER' || !input.grants?.length)) {
      throw refuse('FORBIDDEN', 'You may not do this.');
    }
    if (input.email && !/^\S+@\S+$/.test(input.email)) {
      throw refuse('BAD_INPUT', 'This is no e-mail address.', { field: 'email' });
    }
    const invitation = world.invitations.add(input, { kind: 'MEMBER', name });
    return { invitation: shownIn(world)(invitation), code: invitation.code, mailed: Boolean(input.email) };
  }),
  deleteInvitation: inside(world, ({ input: { id } }: Input<ById>) => {
    known(world.invitations, id);
    return world.invitations.delete(id);
  }),
  acceptInvitation: ({ input }: Input<Acceptance>, asker: Asker) => {
    const invitation = world.invitations.open(input.code);
    if (!invitation) {
      throw refuse('BAD_INPUT', 'This invitation has ended, or was used.', { field: 'code' });
    }
    const name = nameFrom(input.name);
    if (world.personCalled(name)) {
      throw refuse('BAD_INPUT', 'Someone here has this name already.', { field: 'name' });
    }
    checkPassword(input.password, [name, world.homeName]);
    if (input.email) mailable(input.email);
    const member = world.addMember(name, invitation.role, input.password);
    const { id } = member;
    for (const { target, level } of invitation.grants) world.shares.add({ target, level, memberId: id });
    addressOf(world, member, invitation, input.email);
    invitation.usesLeft -= 1;
    const session = world.sessions.open(asker.userAgent, id);
    asker.open(session);
    return { token: null, viewer: viewerOf(world, session) };
  },
});
