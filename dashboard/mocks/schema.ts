/** Answers gateway/schema.graphql from a World. Its rules are the contract's, as far as the dashboard meets them. */
import { readFileSync } from 'node:fs';
import { buildSchema, GraphQLError } from 'graphql';
import type { Actor } from '../src/api/switches';
import type { Event, MockCommand, MockDevice, MockSwitch, World } from './world';

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

export function rootOf(world: World) {
  const refuse = (code: string, message: string, more: Record<string, unknown> = {}) =>
    new GraphQLError(message, { extensions: { code, ...more } });

  const inside = ({ session }: Asker): void => {
    if (!world.claimed) throw refuse('GATEWAY_UNCLAIMED', 'This gateway has not been claimed yet.');
    if (!session || !world.sessions.has(session)) throw refuse('UNAUTHENTICATED', 'Sign in first.');
  };
  const actor = (): Actor => ({ kind: 'MEMBER', name: world.person.name });
  const viewer = () => ({ id: world.person.id, name: world.person.name, role: 'OWNER' });
  const known = <T>(map: ReadonlyMap<string, T>, id: string): T => {
    const found = map.get(id);
    if (!found) throw refuse('NOT_FOUND', 'There is no such thing here.');
    return found;
  };
  const name = (text: string, field = 'name'): string => {
    if (!text.trim()) throw refuse('BAD_INPUT', 'Give it a name.', { field });
    return text.trim();
  };
  const attempt = (): void => {
    if (world.attemptsLeft <= 0) throw refuse('RATE_LIMITED', 'Too many attempts.', { retryAfterMs: 12_000 });
    world.attemptsLeft -= 1;
  };

  const room = (id: string | null | undefined): object | null => {
    const found = id ? world.rooms.get(id) : undefined;
    return found ? { ...found, switches: () => switches().filter((one) => one.room === found) } : null;
  };
  const shownSwitch = (it: MockSwitch): object => ({
    ...it,
    room: () => room(it.roomId ?? world.devices.get(it.deviceId)?.roomId),
    device: () => device(known(world.devices, it.deviceId)),
    availability: world.devices.get(it.deviceId)?.availability,
    desired: it.openCommand?.on ?? it.on,
    openCommand: it.openCommand && command(it.openCommand),
    lastChange: it.lastChange && {
      ...it.lastChange,
      command: it.lastChange.command && command(it.lastChange.command),
    },
  });
  const command = (it: MockCommand): object => ({
    ...it,
    switch: () => shownSwitch(known(world.switches, it.switchId)),
  });
  const device = (it: MockDevice): object => ({
    ...it,
    room: () => room(it.roomId),
    switches: () => [...world.switches.values()].filter((one) => one.deviceId === it.id).map(shownSwitch),
  });
  const switches = () => [...world.switches.values()].map(shownSwitch) as { room: unknown }[];

  const enter = (asker: Asker) => {
    const session = world.id('session-');
    world.sessions.add(session);
    asker.open(session);
    return { token: null, viewer: viewer() };
  };
  const roomNamed = (text: string, but?: string): string => {
    const wanted = name(text);
    const taken = [...world.rooms.values()].some((one) => one.name === wanted && one.id !== but);
    if (taken) throw refuse('CONFLICT', 'There is a room of that name already.');
    return wanted;
  };

  /** Events of one kind as a GraphQL stream, with what is current first. */
  async function* stream<T>(asker: Asker, first: T[], pick: (event: Event) => T | undefined) {
    inside(asker);
    const queue = [...first];
    let wake = () => {};
    const stop = world.listen((event) => {
      const one = pick(event);
      if (one !== undefined) queue.push(one);
      wake();
    });
    try {
      for (;;) {
        while (queue.length) yield queue.shift() as T;
        await new Promise<void>((resolve) => (wake = resolve));
      }
    } finally {
      stop();
    }
  }

  const query = {
    gateway: (_: unknown, asker: Asker) => ({
      claimed: world.claimed,
      time: new Date().toISOString(),
      clockTrusted: true,
      version: asker.session ? '0.1.0' : null,
    }),
    viewer: (_: unknown, { session }: Asker) => (session && world.sessions.has(session) ? viewer() : null),
    home: (_: unknown, asker: Asker) => {
      inside(asker);
      return { id: 'h1', name: world.homeName, timeZone: 'Europe/Berlin' };
    },
    rooms: (_: unknown, asker: Asker) => (inside(asker), [...world.rooms.keys()].map(room)),
    switches: (_: unknown, asker: Asker) => (inside(asker), switches()),
    switch: ({ id }: { id: string }, asker: Asker) => (
      inside(asker),
      world.switches.has(id) ? shownSwitch(known(world.switches, id)) : null
    ),
    devices: (_: unknown, asker: Asker) => (inside(asker), [...world.devices.values()].map(device)),
    device: ({ id }: { id: string }, asker: Asker) => (
      inside(asker),
      world.devices.has(id) ? device(known(world.devices, id)) : null
    ),
    command: ({ id }: { id: string }, asker: Asker) => (
      inside(asker),
      world.commands.has(id) ? command(known(world.commands, id)) : null
    ),
  };

  const people = {
    claimGateway: (
      { input }: Input<{ code: string; homeName: string; memberName: string; password: string }>,
      asker: Asker,
    ) => {
      if (world.claimed) throw refuse('CONFLICT', 'This gateway has already been claimed.');
      attempt();
      if (input.code !== world.claimCode) {
        throw refuse('BAD_INPUT', 'This claim code is wrong or has expired.', { field: 'code' });
      }
      world.homeName = name(input.homeName, 'homeName');
      world.person = {
        ...world.person,
        name: name(input.memberName, 'memberName'),
        password: input.password,
      };
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

  type Wanted = { switchId: string; on: boolean; timeoutMs: number };
  const set = ({ switchId, on, timeoutMs }: Wanted) =>
    world.command(known(world.switches, switchId), on, timeoutMs, actor()).then(command);

  const taps = {
    setSwitch: ({ input }: Input<Wanted>, asker: Asker) => (inside(asker), set(input)),
    setSwitches: ({ inputs }: { inputs: Wanted[] }, asker: Asker) => {
      inside(asker);
      return Promise.all(
        inputs.map(async (input) => {
          if (!world.switches.has(input.switchId)) return { switchId: input.switchId, code: 'NOT_FOUND' };
          return { switchId: input.switchId, command: await set(input), code: null };
        }),
      );
    },
  };

  type Furniture = { id: string; name?: string; roomId?: string | null };
  const furniture = {
    createRoom: ({ input }: Input<{ name: string }>, asker: Asker) => (
      inside(asker),
      room(world.addRoom(roomNamed(input.name)).id)
    ),
    updateRoom: ({ input }: Input<{ id: string; name: string }>, asker: Asker) => {
      inside(asker);
      world.rooms.set(known(world.rooms, input.id).id, {
        id: input.id,
        name: roomNamed(input.name, input.id),
      });
      return room(input.id);
    },
    deleteRoom: ({ input }: Input<{ id: string }>, asker: Asker) => {
      inside(asker);
      known(world.rooms, input.id);
      world.rooms.delete(input.id);
      for (const it of world.devices.values()) if (it.roomId === input.id) it.roomId = null;
      for (const it of world.switches.values()) {
        if (it.roomId === input.id) it.roomId = null;
        world.changed(it);
      }
      return true;
    },
    updateSwitch: ({ input }: Input<Furniture>, asker: Asker) => {
      inside(asker);
      const it = known(world.switches, input.id);
      if (input.name !== undefined) it.name = name(input.name);
      if (input.roomId !== undefined) it.roomId = input.roomId;
      world.changed(it);
      return shownSwitch(it);
    },
    updateDevice: ({ input }: Input<Furniture>, asker: Asker) => {
      inside(asker);
      const it = known(world.devices, input.id);
      if (input.name !== undefined) it.name = name(input.name);
      if (input.roomId !== undefined) it.roomId = input.roomId;
      world.deviceChanged(it);
      return device(it);
    },
  };

  const subscription = {
    switchChanged: (_: unknown, asker: Asker) =>
      stream(
        asker,
        [...world.switches.values()].map((it) => ({ switchChanged: shownSwitch(it) })),
        (event) => {
          const it = event.kind === 'switch' ? world.switches.get(event.id) : undefined;
          return it && { switchChanged: shownSwitch(it) };
        },
      ),
    switchRemoved: (_: unknown, asker: Asker) =>
      stream(asker, [], (event) =>
        event.kind === 'switch-removed' ? { switchRemoved: event.id } : undefined,
      ),
    deviceChanged: (_: unknown, asker: Asker) =>
      stream(asker, [], (event) => {
        const it = event.kind === 'device' ? world.devices.get(event.id) : undefined;
        return it && { deviceChanged: device(it) };
      }),
  };

  return { query, mutation: { ...people, ...taps, ...furniture }, subscription };
}
