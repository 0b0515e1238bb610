import type { Everything } from '../api/administration';
import { deviceName } from './account';
import { actorName } from './card';
import { availabilityWord } from './devices';
import { mayDo } from './integrations';
import { givenBy, invitationTerms, roleName } from './people';
import { targetName, termsOf } from './sharing';
import { aboutToken } from './tokens';

/** What is stored of a home, by kind, in the order of the page. */
export type Kind =
  | 'people'
  | 'rooms'
  | 'devices'
  | 'switches'
  | 'grants'
  | 'links'
  | 'invitations'
  | 'tokens'
  | 'sessions'
  | 'integrations';

/** One thing that is stored. */
export interface Row {
  readonly id: string;
  readonly name: string;
  readonly about: string;
  /** What to look for in the record to find what was done with it. */
  readonly record: string;
  /** Whether it is what the person looks through right now: that is not ended here. */
  readonly current?: true;
}

export interface Section {
  readonly kind: Kind;
  readonly title: string;
  /** How more of it comes about, where not by a button here. */
  readonly hint?: string;
  readonly rows: readonly Row[];
}

/** Rows of a section that are shown at once: of more, some are found by searching. */
export const SHOWN = 50;

/** "3 of 812": how many there are, and how many of them can be seen. */
export const countOf = (rows: number): string => (rows > SHOWN ? `${SHOWN} of ${rows}` : String(rows));

const count = (many: number, one: string, more: string): string =>
  many === 1 ? `1 ${one}` : `${many} ${more}`;

/** `since` tells a time that has passed: "3 min ago". */
export function sectionsOf(
  found: Everything,
  timeZone: string | undefined,
  since: (at: string) => string,
): Section[] {
  const rowsOf = <T extends { id: string }>(all: readonly T[], row: (one: T) => Omit<Row, 'id'>): Row[] =>
    all.map((one) => ({ id: one.id, ...row(one) }));
  return [
    {
      kind: 'people',
      title: 'People',
      hint: 'People come by an invitation.',
      rows: rowsOf(found.members, ({ name, role, lastSeen }) => ({
        name,
        about: [roleName(role), lastSeen && `last seen ${since(lastSeen)}`].filter(Boolean).join(' · '),
        record: name,
      })),
    },
    {
      kind: 'rooms',
      title: 'Rooms',
      rows: rowsOf(found.rooms, ({ name }) => ({ name, about: '', record: name })),
    },
    {
      kind: 'devices',
      title: 'Devices',
      hint: 'Boards are claimed at the gateway: gatehouse board register.',
      rows: rowsOf(found.devices, ({ name, room, availability, switches }) => ({
        name,
        about: [
          availabilityWord(availability).toLowerCase(),
          count(switches.length, 'switch', 'switches'),
          room?.name ?? 'in no room',
        ].join(' · '),
        record: name,
      })),
    },
    {
      kind: 'switches',
      title: 'Switches',
      hint: 'Switches come and go with their device.',
      rows: rowsOf(found.switches, ({ name, room, device }) => ({
        name,
        about: [device?.name, room?.name ?? 'in no room'].filter(Boolean).join(' · '),
        record: name,
      })),
    },
    {
      kind: 'grants',
      title: 'Shared with people',
      rows: rowsOf(found.grants, ({ member, target, active, ...terms }) => ({
        name: `${targetName(target)} with ${member.name}`,
        about: termsOf(terms, timeZone) + (active ? '' : ' · not now'),
        record: member.name,
      })),
    },
    {
      kind: 'links',
      title: 'Guest links',
      rows: rowsOf(found.guestLinks, ({ name, target, ...terms }) => ({
        name,
        about: `${targetName(target)}, ${termsOf(terms, timeZone)}`,
        record: name,
      })),
    },
    {
      kind: 'invitations',
      title: 'Invitations',
      rows: rowsOf(found.invitations, (one) => ({
        name: roleName(one.role),
        about: [
          invitationTerms(one, timeZone) + (one.by ? `, by ${actorName(one.by)}` : ''),
          givenBy(one.grants),
        ]
          .filter(Boolean)
          .join(' · '),
        record: 'someone',
      })),
    },
    {
      kind: 'tokens',
      title: 'Tokens of programs',
      rows: rowsOf(found.tokens, (one) => ({
        name: one.name,
        about: `${one.memberName}’s · ${aboutToken(one, since)}`,
        record: one.name,
      })),
    },
    {
      kind: 'sessions',
      title: 'Where people are signed in',
      rows: rowsOf(found.sessions, ({ member, userAgent, address, lastUsedAt, current }) => ({
        name: `${member.name}: ${deviceName(userAgent)}`,
        about: [
          current
            ? 'this one'
            : lastUsedAt
              ? `last used ${since(lastUsedAt)}`
              : 'last used at a time not known',
          address && `from ${address}`,
        ]
          .filter(Boolean)
          .join(' · '),
        record: member.name,
        ...(current ? { current: true } : {}),
      })),
    },
    {
      kind: 'integrations',
      title: 'Integrations',
      rows: rowsOf(found.integrations, (one) => ({ name: one.name, about: mayDo(one), record: one.name })),
    },
  ];
}

/** What is asked before something is deleted that has no dialog of its own. */
export function deletingOf(
  kind: 'grants' | 'invitations' | 'tokens' | 'sessions',
  act: () => Promise<unknown>,
): { label: string; yes: string; warning: string; act: () => Promise<unknown> } {
  switch (kind) {
    case 'grants':
      return {
        label: 'Take back',
        yes: 'Yes, take back',
        warning: 'They see and move it no more, and neither does anyone they shared it on with.',
        act,
      };
    case 'invitations':
      return {
        label: 'Take back',
        yes: 'Yes, take back',
        warning: 'Its link lets nobody in any more. Who came by it stays.',
        act,
      };
    case 'tokens':
      return {
        label: 'Delete',
        yes: 'Yes, delete',
        warning: 'Its program is cut off at once and cannot come in again with this token.',
        act,
      };
    case 'sessions':
      return {
        label: 'End',
        yes: 'Yes, end it',
        warning: 'They are signed out there at once. With their password they can sign in again.',
        act,
      };
  }
}
