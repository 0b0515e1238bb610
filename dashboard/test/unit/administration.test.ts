import { expect, test } from 'vitest';
import type { Everything } from '../../src/api/administration';
import { countOf, deletingOf, sectionsOf } from '../../src/model/administration';
import { givenBy, invitationTerms, rolesFor } from '../../src/model/people';
import { deletingDevice, placesOf } from '../../src/model/rooms';
import { aboutToken, scopesFor, tokenInput } from '../../src/model/tokens';
import { at, NOW } from './make';

const since = () => '3 min ago';
const kitchen = { kind: 'ROOM', id: 'r1', name: 'Kitchen' } as const;
const ana = { kind: 'MEMBER', name: 'Ana' } as const;

const found: Everything = {
  members: [{ id: 'm1', name: 'Ana', role: 'OWNER', lastSeen: at(0) }],
  rooms: [{ id: 'r1', name: 'Kitchen' }],
  devices: [{ id: 'd1', name: 'Box', availability: 'OFFLINE', room: null, switches: [{ id: 's1' }] }],
  switches: [
    {
      id: 's1',
      name: 'Lamp',
      room: { id: 'r1', name: 'Kitchen' },
      device: { id: 'd1', name: 'Box', room: null },
    },
  ],
  grants: [
    {
      id: 'g1',
      level: 'VIEW',
      until: null,
      active: false,
      createdAt: null,
      member: { id: 'm2', name: 'Ben' },
      target: kitchen,
      hours: null,
      by: ana,
    },
  ],
  guestLinks: [{ id: 'g2', name: 'Plumber', level: 'OPERATE', until: null, target: kitchen, by: ana }],
  invitations: [
    {
      id: 'v1',
      role: 'GUEST',
      email: null,
      expiresAt: null,
      usesLeft: 2,
      by: ana,
      grants: [{ level: 'VIEW', target: kitchen }],
    },
  ],
  tokens: [
    {
      id: 't1',
      name: 'Panel',
      memberName: 'Ben',
      scopes: ['VIEW'],
      expiresAt: null,
      lastUsedAt: null,
      createdAt: null,
    },
  ],
  sessions: [
    {
      id: 'l1',
      userAgent: null,
      address: '10.0.0.7',
      openedAt: null,
      lastUsedAt: null,
      current: false,
      member: { id: 'm2', name: 'Ben' },
    },
    {
      id: 'l2',
      userAgent: null,
      address: null,
      openedAt: null,
      lastUsedAt: at(0),
      current: true,
      member: { id: 'm1', name: 'Ana' },
    },
  ],
  integrations: [{ id: 'i1', name: 'Radio', user: 'u', publish: [], subscribe: [], createdAt: null }],
};

test('each thing that is stored is told by its name, what it is, and what the record calls it', () => {
  const rows = Object.fromEntries(sectionsOf(found, undefined, since).map(({ kind, rows }) => [kind, rows]));
  expect(rows).toEqual({
    people: [
      { id: 'm1', name: 'Ana', about: 'Owner: decides everything · last seen 3 min ago', record: 'Ana' },
    ],
    rooms: [{ id: 'r1', name: 'Kitchen', about: '', record: 'Kitchen' }],
    devices: [{ id: 'd1', name: 'Box', about: 'offline · 1 switch · in no room', record: 'Box' }],
    switches: [{ id: 's1', name: 'Lamp', about: 'Box · Kitchen', record: 'Lamp' }],
    grants: [{ id: 'g1', name: 'Room Kitchen with Ben', about: 'see only, by Ana · not now', record: 'Ben' }],
    links: [{ id: 'g2', name: 'Plumber', about: 'Room Kitchen, see and move, by Ana', record: 'Plumber' }],
    invitations: [
      {
        id: 'v1',
        name: 'Guest: visits, sees and moves what is shared with them',
        about: 'For 2 people, until it is taken back, by Ana · With Room Kitchen (see only)',
        record: 'someone',
      },
    ],
    tokens: [
      { id: 't1', name: 'Panel', about: 'Ben’s · see · without an end · never used', record: 'Panel' },
    ],
    sessions: [
      {
        id: 'l1',
        name: 'Ben: A program',
        about: 'last used at a time not known · from 10.0.0.7',
        record: 'Ben',
      },
      { id: 'l2', name: 'Ana: A program', about: 'this one', record: 'Ana', current: true },
    ],
    integrations: [{ id: 'i1', name: 'Radio', about: 'Hears and says nothing', record: 'Radio' }],
  });
});

test('of very many it is said how many are shown', () => {
  expect([0, 50, 51].map(countOf)).toEqual(['0', '50', '50 of 51']);
});

test('before something is deleted it is said what goes with it', () => {
  const act = () => Promise.resolve();
  expect(deletingDevice(1, act).warning).toContain('its switch goes with it');
  expect(deletingDevice(3, act).warning).toContain('its 3 switches go with it');
  for (const kind of ['grants', 'invitations', 'tokens', 'sessions'] as const)
    expect(deletingOf(kind, act).warning).toMatch(/\.$/);
});

test('a switch goes by the room of its board until it has one of its own', () => {
  const [hall, attic] = [
    { id: 'r1', name: 'Hall' },
    { id: 'r2', name: 'Attic' },
  ];
  expect(placesOf({ room: hall }, hall, [hall, attic])).toMatchObject({
    current: null,
    none: 'Where its board is: Hall',
  });
  expect(placesOf({ room: attic }, hall, []).current).toBe('r2');
  expect(placesOf({ room: null }, null, [])).toMatchObject({ current: null, none: 'No room' });
});

test('who invites makes only owners as an owner, and what is gone is not given', () => {
  expect(rolesFor(true)).toEqual(['MEMBER', 'GUEST', 'OWNER']);
  expect(rolesFor(false)).toEqual(['MEMBER', 'GUEST']);
  const home = { kind: 'HOME', id: null, name: 'Mill' } as const;
  const gone = { kind: 'SWITCH', id: 's9', name: '' } as const;
  expect(
    givenBy([
      { level: 'OPERATE', target: home },
      { level: 'VIEW', target: gone },
    ]),
  ).toBe('With The whole home');
  expect(givenBy([{ level: 'VIEW', target: gone }])).toBe('');
  expect(invitationTerms({ usesLeft: 1, expiresAt: null, email: 'a@b' }, undefined)).toBe(
    'For a@b, until it is taken back',
  );
});

test('a token is asked for as it was chosen, and told with its end and its last use', () => {
  expect(scopesFor(false).map((one) => one.scope)).toEqual(['VIEW', 'OPERATE']);
  expect(tokenInput(' Panel ', ['VIEW'], 0, NOW)).toEqual({
    name: 'Panel',
    scopes: ['VIEW'],
    expiresAt: null,
  });
  expect(tokenInput('Panel', [], 30, NOW).expiresAt).toBe(at(30 * 86_400_000));
  const token = { scopes: ['OPERATE', 'METRICS'] as const, expiresAt: at(0), lastUsedAt: at(0) };
  expect(aboutToken({ ...token, scopes: [...token.scopes] }, since)).toMatch(
    /^move, read the gateway’s numbers · until .+ · last used 3 min ago$/,
  );
});
