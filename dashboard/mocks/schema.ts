/** Answers gateway/schema.graphql from a World. Its rules are the contract's, as far as the dashboard meets them. */
import { readFileSync } from 'node:fs';
import { buildSchema, GraphQLError } from 'graphql';
import { Views } from './views';
import type { CreateIntegrationInput } from '../src/api/integrations';
import type { Event, World } from './world';

export const schema = buildSchema(
  readFileSync(new URL('../../gateway/schema.graphql', import.meta.url), 'utf8'),
);

/** Who asks, and how to let them in or out. */
export interface Asker {
  session: string | null;
  open(session: string): void;
  close(): void;
}

type Input<T> = { input: T };
type ById = { id: string };

export function rootsOf(world: World) {
  return {
    query: queries(world),
    mutation: { ...people(world), ...taps(world), ...furniture(world) },
    subscription: subscriptions(world),
  };
}

const refuse = (code: string, message: string, more: Record<string, unknown> = {}) =>
  new GraphQLError(message, { extensions: { code, ...more } });

function checkInside(world: World, { session }: Asker): void {
  if (!world.claimed) throw refuse('GATEWAY_UNCLAIMED', 'This gateway has not been claimed yet.');
  if (!session || !world.sessions.has(session)) throw refuse('UNAUTHENTICATED', 'Sign in first.');
}

/** A resolver that only members reach. */
const inside =
  <Args, Answer>(world: World, act: (args: Args) => Answer) =>
  (args: Args, asker: Asker): Answer => {
    checkInside(world, asker);
    return act(args);
  };

function known<T>(map: ReadonlyMap<string, T>, id: string): T {
  const found = map.get(id);
  if (!found) throw refuse('NOT_FOUND', 'There is no such thing here.');
  return found;
}

function nameFrom(text: string, field = 'name'): string {
  if (!text.trim()) throw refuse('BAD_INPUT', 'Give it a name.', { field });
  return text.trim();
}

const viewerOf = ({ person }: World) => ({ id: person.id, name: person.name, role: 'OWNER' });

function queries(world: World) {
  const views = new Views(world);
  const byId = <T>(map: ReadonlyMap<string, T>, shown: (it: T) => object) =>
    inside(world, ({ id }: ById) => {
      const found = map.get(id);
      return found === undefined ? null : shown(found);
    });
  return {
    gateway: (_: unknown, { session }: Asker) => ({
      claimed: world.claimed,
      time: new Date().toISOString(),
      clockTrusted: true,
      version: session ? '0.1.0' : null,
    }),
    viewer: (_: unknown, { session }: Asker) =>
      session && world.sessions.has(session) ? viewerOf(world) : null,
    home: inside(world, () => ({ id: 'h1', name: world.homeName, timeZone: 'Europe/Berlin' })),
    rooms: inside(world, () => [...world.rooms.keys()].map((id) => views.room(id))),
    switches: inside(world, () => views.switches()),
    switch: byId(world.switches, (it) => views.switch(it)),
    devices: inside(world, () => [...world.devices.values()].map((it) => views.device(it))),
    device: byId(world.devices, (it) => views.device(it)),
    integrations: inside(world, () => [...world.integrations.values()]),
    notices: inside(world, () => ({ nodes: [...world.notices.values()].toReversed() })),
    command: byId(world.commands, (it) => views.command(it)),
  };
}

function people(world: World) {
  const enter = (asker: Asker) => {
    const session = world.id('session-');
    world.sessions.add(session);
    asker.open(session);
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
      world.homeName = nameFrom(input.homeName, 'homeName');
      const name = nameFrom(input.memberName, 'memberName');
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
      if (asker.session) world.sessions.delete(asker.session);
      asker.close();
      return true;
    },
  };
}

type Wanted = { switchId: string; on: boolean; timeoutMs: number };

function taps(world: World) {
  const views = new Views(world);
  const set = async ({ switchId, on, timeoutMs }: Wanted) => {
    const actor = { kind: 'MEMBER', name: world.person.name } as const;
    return views.command(await world.command(known(world.switches, switchId), on, timeoutMs, actor));
  };
  return {
    setSwitch: inside(world, ({ input }: Input<Wanted>) => set(input)),
    setSwitches: inside(world, ({ inputs }: { inputs: Wanted[] }) =>
      Promise.all(
        inputs.map(async (input) =>
          world.switches.has(input.switchId)
            ? { switchId: input.switchId, command: await set(input), code: null }
            : { switchId: input.switchId, command: null, code: 'NOT_FOUND' },
        ),
      ),
    ),
  };
}

type Furniture = { id: string; name?: string; roomId?: string | null };

function furniture(world: World) {
  const views = new Views(world);
  const roomName = (text: string, but?: string): string => {
    const wanted = nameFrom(text);
    const taken = [...world.rooms.values()].some((one) => one.name === wanted && one.id !== but);
    if (taken) throw refuse('CONFLICT', 'There is a room of that name already.');
    return wanted;
  };
  const arrange = (it: { name: string; roomId: string | null }, { name, roomId }: Furniture): void => {
    if (name !== undefined) it.name = nameFrom(name);
    if (roomId !== undefined) it.roomId = roomId === null ? null : known(world.rooms, roomId).id;
  };
  return {
    createIntegration: inside(world, ({ input }: Input<CreateIntegrationInput>) => {
      const name = nameFrom(input.name);
      if ([...world.integrations.values()].some((one) => one.name === name)) {
        throw refuse('CONFLICT', `There already is an integration called ${name}.`);
      }
      const bad = input.subscribe?.findIndex((filter) => filter.startsWith('$')) ?? -1;
      if (bad >= 0) {
        throw refuse('BAD_INPUT', `Filter ${bad + 1}: A topic filter cannot begin with $.`, {
          field: 'subscribe',
        });
      }
      const integration = world.addIntegration({ ...input, name });
      return { integration, user: integration.user, password: '4f'.repeat(32) };
    }),
    deleteIntegration: inside(world, ({ input: { id } }: Input<ById>) => {
      known(world.integrations, id);
      return world.integrations.delete(id);
    }),
    rotateCredential: inside(world, ({ input: { deviceId } }: Input<{ deviceId: string }>) => {
      const it = known(world.devices, deviceId);
      if (it.availability === 'OFFLINE')
        throw refuse('CONFLICT', 'The board is offline. Try again when it is back.');
      it.rotatingCredential = world.rotationHangs;
      world.deviceChanged(it);
      return views.device(it);
    }),
    dismissNotice: inside(world, ({ input: { id } }: Input<ById>) => {
      known(world.notices, id);
      world.dismiss(id);
      return true;
    }),
    createRoom: inside(world, ({ input }: Input<{ name: string }>) =>
      views.room(world.addRoom(roomName(input.name)).id),
    ),
    updateRoom: inside(world, ({ input: { id, name } }: Input<{ id: string; name: string }>) => {
      known(world.rooms, id);
      world.rooms.set(id, { id, name: roomName(name, id) });
      return views.room(id);
    }),
    deleteRoom: inside(world, ({ input: { id } }: Input<ById>) => {
      known(world.rooms, id);
      world.deleteRoom(id);
      return true;
    }),
    updateSwitch: inside(world, ({ input }: Input<Furniture>) => {
      const it = known(world.switches, input.id);
      arrange(it, input);
      world.changed(it);
      return views.switch(it);
    }),
    updateDevice: inside(world, ({ input }: Input<Furniture>) => {
      const it = known(world.devices, input.id);
      arrange(it, input);
      world.deviceChanged(it);
      return views.device(it);
    }),
  };
}

function subscriptions(world: World) {
  const views = new Views(world);

  /** What is current, then what events make of it. */
  async function* stream<T>(asker: Asker, first: T[], pick: (event: Event) => T | undefined | false) {
    checkInside(world, asker);
    const queue = [...first];
    let wake = () => {};
    const stop = world.listen((event) => {
      const one = pick(event);
      if (one) queue.push(one);
      wake();
    });
    try {
      for (;;) {
        for (let one = queue.shift(); one; one = queue.shift()) yield one;
        await new Promise<void>((resolve) => (wake = resolve));
      }
    } finally {
      stop();
    }
  }

  return {
    switchChanged: (_: unknown, asker: Asker) =>
      stream(
        asker,
        views.switches().map((one) => ({ switchChanged: one })),
        (event) => {
          const it = event.kind === 'switch' && world.switches.get(event.id);
          return it && { switchChanged: views.switch(it) };
        },
      ),
    switchRemoved: (_: unknown, asker: Asker) =>
      stream(asker, [], (event) => event.kind === 'switch-removed' && { switchRemoved: event.id }),
    noticeChanged: (_: unknown, asker: Asker) =>
      stream(
        asker,
        [...world.notices.values()].map((one) => ({ noticeChanged: one })),
        (event) => {
          const it = event.kind === 'notice' && world.notices.get(event.id);
          return it && { noticeChanged: it };
        },
      ),
    noticeRemoved: (_: unknown, asker: Asker) =>
      stream(asker, [], (event) => event.kind === 'notice-removed' && { noticeRemoved: event.id }),
    deviceChanged: (_: unknown, asker: Asker) =>
      stream(asker, [], (event) => {
        const it = event.kind === 'device' && world.devices.get(event.id);
        return it && { deviceChanged: views.device(it) };
      }),
  };
}
