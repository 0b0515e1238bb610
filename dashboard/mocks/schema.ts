/** Answers gateway/schema.graphql from a World. Its rules are the contract's, as far as the dashboard meets them. */
import { readFileSync } from 'node:fs';
import { buildSchema } from 'graphql';
import { accountMutations, accountQueries } from './account';
import { backupMutations, backupQueries } from './backups';
import { boardMutations, boardQueries } from './boards';
import { checkInside, finds, inside, type Asker, type ById, type Searching } from './asking';
import { commandMutations } from './commands';
import { entryMutations, viewerOf } from './entry';
import { boardSettingsMutations } from './board-settings';
import { furnitureMutations } from './furniture';
import { homeMutations, homeQueries } from './home';
import { factoryResetMutations } from './factory-reset';
import { integrationMutations, integrationQueries } from './integrations';
import { invitationMutations, invitationQueries } from './invitations';
import { noticeMutations, noticeQueries } from './notices';
import { passwordQueries } from './passwords';
import { peopleMutations, peopleQueries } from './people';
import { providerMutations } from './provider';
import { recordQueries } from './record';
import { recoveryMutations } from './recovery';
import { tokenMutations, tokenQueries } from './tokens';
import { Views } from './views';
import { wifiMutations } from './wifi';
import type { Event, World } from './world';

export const schema = buildSchema(
  readFileSync(new URL('../../gateway/schema.graphql', import.meta.url), 'utf8'),
);

export function rootsOf(world: World) {
  return {
    query: queries(world),
    mutation: {
      ...entryMutations(world),
      ...accountMutations(world),
      ...homeMutations(world),
      ...recoveryMutations(world),
      ...commandMutations(world),
      ...boardMutations(world),
      ...furnitureMutations(world),
      ...boardSettingsMutations(world),
      ...integrationMutations(world),
      ...invitationMutations(world),
      ...noticeMutations(world),
      ...peopleMutations(world),
      ...providerMutations(world),
      ...tokenMutations(world),
      ...backupMutations(world),
      ...factoryResetMutations(world),
      ...wifiMutations(world),
    },
    subscription: subscriptions(world),
  };
}

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
      signInWays: { mail: world.mail, provider: world.provider },
    }),
    viewer: (_: unknown, { session }: Asker) =>
      session && world.sessions.has(session) ? viewerOf(world, session) : null,
    ...homeQueries(world),
    rooms: inside(world, ({ search }: Searching) =>
      [...world.rooms.values()].filter((it) => finds(search, it.name)).map(({ id }) => views.room(id)),
    ),
    switches: inside(world, ({ search }: Searching, asker: Asker) =>
      views.switches(asker).filter((it) => finds(search, it.name)),
    ),
    switch: byId(world.switches, (it) => views.switch(it)),
    devices: inside(world, ({ search }: Searching) =>
      [...world.devices.values()].filter((it) => finds(search, it.name)).map((it) => views.device(it)),
    ),
    device: byId(world.devices, (it) => views.device(it)),
    ...accountQueries(world),
    ...boardQueries(world),
    ...integrationQueries(world),
    ...invitationQueries(world),
    ...noticeQueries(world),
    ...passwordQueries(world),
    ...peopleQueries(world),
    ...recordQueries(world),
    ...tokenQueries(world),
    ...backupQueries(world),
    command: byId(world.commands, (it) => views.command(it)),
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
        views.switches(asker).map((one) => ({ switchChanged: one })),
        (event) => {
          const it = event.kind === 'switch' && world.switches.get(event.id);
          return it && views.sees(asker, it) && { switchChanged: views.switch(it) };
        },
      ),
    switchRemoved: (_: unknown, asker: Asker) =>
      stream(asker, [], (event) => {
        const left = event.kind === 'switch-removed' ? world.switches.get(event.id) : undefined;
        if (left && views.sees(asker, left)) return false;
        return event.kind === 'switch-removed' && { switchRemoved: event.id };
      }),
    accessChanged: (_: unknown, asker: Asker) =>
      stream(asker, [{ accessChanged: true }], (event) => event.kind === 'access' && { accessChanged: true }),
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
    boardsChanged: (_: unknown, asker: Asker) => {
      const all = () =>
        world.whoIs(asker.session).role === 'OWNER' && { boardsChanged: [...world.boards.values()] };
      const first = all();
      return stream(asker, first ? [first] : [], (event) => event.kind === 'boards' && all());
    },
    claimsChanged: (_: unknown, asker: Asker) => {
      const all = () =>
        world.whoIs(asker.session).role === 'OWNER' && { claimsChanged: world.boards.claims() };
      const first = all();
      return stream(asker, first ? [first] : [], (event) => event.kind === 'boards' && all());
    },
    wifiChanged: (_: unknown, asker: Asker) => {
      const told = () => {
        const change = world.whoIs(asker.session).role === 'OWNER' && world.wifi.change;
        return change && { wifiChanged: change };
      };
      const first = told();
      return stream(asker, first ? [first] : [], (event) => event.kind === 'wifi' && told());
    },
    backupsChanged: (_: unknown, asker: Asker) => {
      const told = () =>
        world.whoIs(asker.session).role === 'OWNER' && { backupsChanged: world.backups.standing };
      const first = told();
      return stream(asker, first ? [first] : [], (event) => event.kind === 'backups' && told());
    },
    deviceRemoved: (_: unknown, asker: Asker) =>
      stream(asker, [], (event) => event.kind === 'device-removed' && { deviceRemoved: event.id }),
    deviceChanged: (_: unknown, asker: Asker) =>
      stream(asker, [], (event) => {
        const it = event.kind === 'device' && world.devices.get(event.id);
        return it && { deviceChanged: views.device(it) };
      }),
  };
}
