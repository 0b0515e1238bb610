import type { CreateGrantInput, CreateGuestLinkInput, Grant, Hours, Target } from '../api/sharing';
import { actorName } from './card';

/** Something that can be shared, as a choice in a list. */
export interface Choice {
  /** Kind and id in one word: what a list keeps. */
  readonly key: string;
  readonly name: string;
}

type Named = readonly { readonly id: string; readonly name: string }[];

/** What can be shared, the largest first. */
export function choicesOf(rooms: Named, devices: Named, switches: Named, wholeHome: boolean): Choice[] {
  const of = (kind: Target['kind'], word: string, all: Named): Choice[] =>
    all.map(({ id, name }) => ({ key: keyOf(kind, id), name: `${word} ${name}` }));
  return [
    ...(wholeHome ? [{ key: 'HOME:', name: 'The whole home' }] : []),
    ...of('ROOM', 'Room', rooms),
    ...of('DEVICE', 'Device', devices),
    ...of('SWITCH', 'Switch', switches),
  ];
}

/** The key of a part of the home among the choices. */
export const keyOf = (kind: Target['kind'], id: string): string => `${kind}:${id}`;

function targetOf(key: string): CreateGrantInput['target'] {
  const [kind, ...id] = key.split(':');
  return { kind: kind as Target['kind'], id: id.join(':') || null };
}

/** How long it is to last, as people say it. */
export const LASTING = [
  { key: 'hour', name: 'One hour' },
  { key: 'day', name: 'One day' },
  { key: 'week', name: 'One week' },
  { key: 'date', name: 'Until a day…' },
  { key: 'ever', name: 'Until it is taken back' },
] as const;

export type Lasting = (typeof LASTING)[number]['key'];

const HOUR = 3_600_000;

/** A new share as a person thinks of it. */
export interface Draft {
  target: string;
  operate: boolean;
  lasting: Lasting;
  /** The last day, `2026-03-01`; counts while `lasting` is "date". */
  lastDay: string;
  /** Whether it holds within hours only. */
  within: boolean;
  days: Hours['days'][number][];
  /** `07:30` */
  from: string;
  to: string;
}

export const DAYS: readonly { readonly day: Hours['days'][number]; readonly name: string }[] = [
  { day: 'MONDAY', name: 'Mon' },
  { day: 'TUESDAY', name: 'Tue' },
  { day: 'WEDNESDAY', name: 'Wed' },
  { day: 'THURSDAY', name: 'Thu' },
  { day: 'FRIDAY', name: 'Fri' },
  { day: 'SATURDAY', name: 'Sat' },
  { day: 'SUNDAY', name: 'Sun' },
];

export const emptyDraft = (target = '', lasting: Lasting = 'ever'): Draft => ({
  target,
  operate: true,
  lasting,
  lastDay: '',
  within: false,
  days: DAYS.slice(0, 5).map((one) => one.day),
  from: '08:00',
  to: '18:00',
});

/** What is missing before the gateway need be asked; null when nothing is. */
export function missing(draft: Draft): string | null {
  if (!draft.target) return 'Choose what is to be shared.';
  if (draft.lasting === 'date' && !draft.lastDay) return 'Choose the last day.';
  if (draft.within && draft.days.length === 0) return 'Choose at least one day of the week.';
  if (draft.within && (!draft.from || !draft.to)) return 'Say from when and to when.';
  if (draft.within && draft.from === draft.to) return 'From and to are the same time.';
  return null;
}

/** When it ends, by the gateway's clock; null for never. The last day counts whole. */
function untilOf({ lasting, lastDay }: Draft, gatewayNow: number): string | null {
  switch (lasting) {
    case 'hour':
      return new Date(gatewayNow + HOUR).toISOString();
    case 'day':
      return new Date(gatewayNow + 24 * HOUR).toISOString();
    case 'week':
      return new Date(gatewayNow + 7 * 24 * HOUR).toISOString();
    case 'date': {
      const [year = 0, month = 1, day = 1] = lastDay.split('-').map(Number);
      return new Date(year, month - 1, day + 1).toISOString();
    }
    case 'ever':
      return null;
  }
}

const minuteOf = (time: string): number => {
  const [hour = 0, minute = 0] = time.split(':').map(Number);
  return hour * 60 + minute;
};
const timeOf = (minute: number): string =>
  `${Math.floor(minute / 60)}:${String(minute % 60).padStart(2, '0')}`;

/** In place of a person: whoever holds a link. */
export const BY_LINK = 'link';

/** What is given, whoever it is given to. */
export const termsInput = (draft: Draft, gatewayNow: number): Omit<CreateGrantInput, 'memberId'> => ({
  target: targetOf(draft.target),
  level: draft.operate ? 'OPERATE' : 'VIEW',
  until: untilOf(draft, gatewayNow),
  hours: draft.within
    ? { days: draft.days, from: minuteOf(draft.from), to: minuteOf(draft.to) || 1_440 }
    : null,
});

export const grantInput = (draft: Draft, memberId: string, gatewayNow: number): CreateGrantInput => ({
  memberId,
  ...termsInput(draft, gatewayNow),
});

export const linkInput = (draft: Draft, name: string, gatewayNow: number): CreateGuestLinkInput => ({
  name: name.trim(),
  target: targetOf(draft.target),
  level: draft.operate ? 'OPERATE' : 'VIEW',
  // A link has an end: where none was chosen it is an hour.
  until: untilOf(draft, gatewayNow) ?? new Date(gatewayNow + HOUR).toISOString(),
});

export function targetName({ kind, name }: Target): string {
  switch (kind) {
    case 'HOME':
      return 'The whole home';
    case 'ROOM':
      return `Room ${name}`;
    case 'DEVICE':
      return `Device ${name}`;
    default:
      return name;
  }
}

/** "see and move, Mon Tue from 8:00 to 18:00, until 1 Mar 2026, 18:00, by Ana" */
export function termsOf(
  {
    level,
    until,
    by,
    ...rest
  }: Pick<Grant, 'level' | 'until'> & Partial<Pick<Grant, 'hours'>> & { by: Grant['by'] | null },
  timeZone: string | undefined,
): string {
  const hours = rest.hours ?? null;
  const days = hours && DAYS.filter((one) => hours.days.includes(one.day)).map((one) => one.name);
  const when =
    until && new Date(until).toLocaleString(undefined, { timeZone, dateStyle: 'medium', timeStyle: 'short' });
  return [
    level === 'OPERATE' ? 'see and move' : 'see only',
    hours &&
      `${days?.length === DAYS.length ? 'every day' : days?.join(' ')} from ${timeOf(hours.from)} to ${timeOf(hours.to)}`,
    when && `until ${when}`,
    by && `by ${actorName(by)}`,
  ]
    .filter(Boolean)
    .join(', ');
}

/** What is asked before a guest link ends. */
export const endingLink = (act: () => Promise<unknown>) => ({
  label: 'End',
  yes: 'Yes, end it',
  warning: 'Whoever came by this link is out at once, and it opens nothing any more.',
  act,
});
