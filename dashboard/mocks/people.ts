/** Who lives in the fake home, and what is shared with whom. */
import type { UpdateMemberInput } from '../src/api/people';
import type { CreateGrantInput, CreateGuestLinkInput, Hours } from '../src/api/sharing';
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
import { viewerOf } from './entry';
import type { MockSwitch, World } from './world';

type Asked = CreateGrantInput['target'];

export interface MockShare {
  id: string;
  target: Asked;
  level: 'VIEW' | 'OPERATE';
  until: string | null;
  by: Actor;
  createdAt: string;
  hours: Hours | null;
  /** Whom it is for: a person by their id, or whoever holds the link of this token. */
  memberId: string | null;
  name: string;
  token: string;
}

/** What is shared, by id: with people, and by links. */
export class Shares extends Map<string, MockShare> {
  constructor(private readonly world: World) {
    super();
  }

  add(facts: Pick<MockShare, 'target' | 'level' | 'memberId'> & Partial<MockShare>): MockShare {
    const share: MockShare = {
      id: this.world.id('g'),
      until: null,
      by: { kind: 'MEMBER', name: this.world.person.name },
      createdAt: new Date().toISOString(),
      hours: null,
      name: '',
      token: this.world.id('token'),
      ...facts,
    };
    this.set(share.id, share);
    this.world.tell({ kind: 'access' });
    return share;
  }

  /** It ends: what it opened closes. */
  end(id: string): void {
    this.delete(id);
    for (const [secret, session] of [...this.world.sessions])
      if (session.who === id) this.world.sessions.end(secret);
    // Told to those who see it no more.
    for (const switchId of this.world.switches.keys())
      this.world.tell({ kind: 'switch-removed', id: switchId });
    this.world.tell({ kind: 'access' });
  }

  /** How far someone's rights in this switch go; null for not at all. */
  level(who: string, it: MockSwitch): MockShare['level'] | null {
    if (this.world.members.get(who)?.role === 'OWNER') return 'OPERATE';
    const roomId = it.roomId ?? this.world.devices.get(it.deviceId)?.roomId;
    const levels = [...this.values()]
      .filter((share) => share.id === who || share.memberId === who)
      .filter(({ target }) => {
        if (target.kind === 'HOME') return true;
        return target.id === { ROOM: roomId, DEVICE: it.deviceId, SWITCH: it.id }[target.kind];
      })
      .map((share) => share.level);
    return levels.includes('OPERATE') ? 'OPERATE' : (levels[0] ?? null);
  }
}

/** The name is empty once the place is gone. */
export function targetOf(world: World, { kind, id }: Asked) {
  const all = { HOME: null, ROOM: world.rooms, DEVICE: world.devices, SWITCH: world.switches }[kind];
  return { kind, id: id ?? null, name: all?.get(id ?? '')?.name ?? '' };
}

function checkTarget(world: World, asked: Asked): void {
  if (asked.kind !== 'HOME' && !targetOf(world, asked).name)
    throw refuse('NOT_FOUND', 'There is no such thing here.');
}

const shownIn = (world: World) => (share: MockShare) => ({
  ...share,
  target: targetOf(world, share.target),
  member: share.memberId ? world.members.get(share.memberId) : null,
  active: true,
});

export const peopleQueries = (world: World) => {
  const shown = shownIn(world);
  const all = () => [...world.shares.values()];
  return {
    members: inside(world, ({ search }: Searching, asker: Asker) => {
      const who = world.members.get(world.idOf(asker.session));
      return [...world.members.values()]
        .filter((one) => who && (who.role !== 'GUEST' || one === who))
        .filter((one) => finds(search, one.name))
        .map((one) => ({ ...one, lastSeen: new Date().toISOString(), joinedAt: null, grants: [] }));
    }),
    grants: inside(world, ({ search }: Searching, asker: Asker) => {
      const who = world.idOf(asker.session);
      const owner = world.members.get(who)?.role === 'OWNER';
      return all()
        .filter((share) => share.memberId !== null && (owner || share.memberId === who))
        .map(shown)
        .filter((one) => finds(search, one.member?.name, one.target.name, one.by.name));
    }),
    guestLinks: inside(world, ({ search }: Searching) =>
      all()
        .filter((share) => share.memberId === null)
        .map(shown)
        .filter((one) => finds(search, one.name, one.target.name, one.by.name)),
    ),
  };
};

export const peopleMutations = (world: World) => {
  const shown = shownIn(world);
  const actorOf = ({ session }: Asker): Actor => ({
    kind: 'MEMBER',
    name: known(world.members, world.idOf(session)).name,
  });
  const lastOwner = (id: string): boolean =>
    ![...world.members.values()].some((one) => one.role === 'OWNER' && one.id !== id);
  return {
    updateMember: inside(world, ({ input: { id, name, role } }: Input<UpdateMemberInput>) => {
      const member = known(world.members, id);
      if (role && role !== 'OWNER' && lastOwner(id)) {
        throw refuse('CONFLICT', 'The home needs an owner: make someone else one first.');
      }
      if (name) member.name = nameFrom(name);
      if (role) member.role = role;
      world.tell({ kind: 'access' });
      return { ...member, grants: [] };
    }),
    deleteMember: inside(world, ({ input: { id } }: Input<ById>) => {
      known(world.members, id);
      if (lastOwner(id)) throw refuse('CONFLICT', 'The home needs an owner: make someone else one first.');
      world.members.delete(id);
      for (const share of [...world.shares.values()]) if (share.memberId === id) world.shares.end(share.id);
      for (const [secret, session] of [...world.sessions]) if (session.who === id) world.sessions.end(secret);
      world.tell({ kind: 'access' });
      return true;
    }),
    createGrant: inside(world, ({ input }: Input<CreateGrantInput>, asker: Asker) => {
      known(world.members, input.memberId);
      checkTarget(world, input.target);
      const { hours = null, until = null, ...rest } = input;
      return shown(world.shares.add({ ...rest, hours, until, by: actorOf(asker) }));
    }),
    deleteGrant: inside(world, ({ input: { id } }: Input<ById>) => {
      known(world.shares, id);
      world.shares.end(id);
      return true;
    }),
    createGuestLink: inside(world, ({ input }: Input<CreateGuestLinkInput>, asker: Asker) => {
      const { target, level, until = null } = input;
      const name = nameFrom(input.name);
      checkTarget(world, target);
      const share = world.shares.add({ target, level, until, name, memberId: null, by: actorOf(asker) });
      return { link: shown(share), token: share.token };
    }),
    deleteGuestLink: inside(world, ({ input: { id } }: Input<ById>) => {
      known(world.shares, id);
      world.shares.end(id);
      return true;
    }),
    openGuestLink: ({ input: { token } }: Input<{ token: string }>, asker: Asker) => {
      const link = [...world.shares.values()].find((one) => one.memberId === null && one.token === token);
      if (!link) throw refuse('UNAUTHENTICATED', 'This link has ended, or never was one.');
      const session = world.sessions.open(asker.userAgent, link.id);
      asker.open(session);
      return { token: null, viewer: viewerOf(world, session) };
    },
  };
};
