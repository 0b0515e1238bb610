/** What a card shows of one switch. State is only ever what the gateway reported. */
import type { Actor } from '../api/switches';
import type { Entry, Outcome } from './panel';
import { ago, duration } from './time';

export type State = 'on' | 'off' | 'unknown';
export type Phase = 'idle' | 'switching' | 'confirmed' | 'refused' | 'timed-out' | 'offline' | 'superseded';

export interface Card {
  readonly id: string;
  readonly name: string;
  readonly state: State;
  readonly phase: Phase;
  /** While switching: what was asked for, which is not a fact. */
  readonly asked: 'on' | 'off' | null;
  /** The state in words, or what stands in its place. */
  readonly lead: string;
  /** The rest of the status line; may be empty. */
  readonly detail: string;
  /** The last request, when nothing came of it and nothing has happened since; may be empty. */
  readonly tried: string;
  /** What a tap asks for. */
  readonly next: boolean;
  /** False for what one may only see. */
  readonly mayMove: boolean;
}

/** How long the end of a request stays on a card before the plain "who and when" returns. */
export const OUTCOME_SHOWN_MS = 60_000;

/** How long a request that nothing came of is told of. */
export const TRIED_SHOWN_MS = 3_600_000;

const word = (on: boolean): 'on' | 'off' => (on ? 'on' : 'off');

/** `live` is false while no connection stands: what is shown then is what was last known. */
export function card(entry: Entry, now: number, live = true): Card {
  const shown = current(entry, now, live);
  const known = shown.lead === 'on' || shown.lead === 'off';
  return live || !known ? shown : { ...shown, lead: `last known: ${shown.lead}` };
}

function current(entry: Entry, now: number, live: boolean): Card {
  const { switch: it, outcome } = entry;
  const state = stateOf(entry);
  const asked = askedOf(entry, live);
  const base = {
    id: it.id,
    name: it.name,
    state,
    asked: asked === null ? null : word(asked),
    tried: '',
    mayMove: it.mayOperate,
  };

  if (asked !== null) {
    const other = entry.tap || outcome?.mine ? null : it.openCommand?.actor;
    const who = other ? `${actorName(other)} asked` : 'asked';
    return {
      ...base,
      phase: 'switching',
      lead: `switching ${word(asked)}…`,
      detail: it.on === null ? `${who}, not confirmed yet` : `${who}, still ${word(it.on)}`,
      next: !asked,
    };
  }
  const stands = outcome !== null && (lasting(outcome) || now - outcome.at < OUTCOME_SHOWN_MS);
  return {
    ...base,
    // Asking again is what a person means by tapping a switch that never answered.
    next: outcome?.kind === 'TIMED_OUT' || outcome?.kind === 'OFFLINE' ? outcome.on : !(it.on ?? false),
    ...(stands ? settled(entry, outcome) : { ...atRest(entry, now), tried: triedOf(entry, now) }),
  };
}

/** The whole status line. */
export const statusOf = (shown: Pick<Card, 'lead' | 'detail'>): string =>
  shown.detail ? `${shown.lead} · ${shown.detail}` : shown.lead;

function stateOf({ switch: it, outcome }: Entry): State {
  if (it.on === null || it.availability !== 'ONLINE' || outcome?.kind === 'TIMED_OUT') return 'unknown';
  return word(it.on);
}

function askedOf({ switch: it, tap, outcome }: Entry, live: boolean): boolean | null {
  if (tap) return tap.on;
  // Without a connection a command may have ended long ago.
  if (live && it.openCommand && it.openCommand.id !== outcome?.commandId) return it.openCommand.on;
  // Confirmed, but the report itself is still on its way over the other connection.
  if (outcome?.kind === 'CONFIRMED' && it.availability === 'ONLINE' && it.on !== outcome.on)
    return outcome.on;
  return null;
}

const lasting = (outcome: Outcome): boolean => outcome.kind === 'TIMED_OUT' || outcome.kind === 'OFFLINE';

type Shown = Pick<Card, 'phase' | 'lead' | 'detail'>;

/** Why its board cannot be asked, in a word; null when it can. */
function away({ switch: { availability } }: Entry): string | null {
  if (availability === 'ONLINE') return null;
  return availability === 'QUARANTINED' ? 'in quarantine' : 'offline';
}

function settled(entry: Entry, outcome: Outcome): Shown {
  const state = stateOf(entry);
  const lead = away(entry) ?? state;
  const who = !outcome.mine && outcome.actor ? `${actorName(outcome.actor)}, ` : '';
  switch (outcome.kind) {
    case 'CONFIRMED':
      return {
        phase: 'confirmed',
        lead,
        detail: who + confirmedIn(outcome.latencyMs),
      };
    case 'REFUSED':
      return { phase: 'refused', lead, detail: `${who}refused: ${reasonText(outcome)}` };
    case 'TIMED_OUT':
      return {
        phase: 'timed-out',
        lead: 'unknown',
        detail: `${who}asked ${word(outcome.on)}, no answer; unknown until the board reports`,
      };
    case 'OFFLINE':
      return { phase: 'offline', lead: 'offline', detail: `${who}nothing happened: ${reasonText(outcome)}` };
    case 'SUPERSEDED':
      return { phase: 'superseded', lead, detail: `${who}superseded: a newer request took its place` };
    default:
      return { phase: 'refused', lead, detail: `${who}${reasonText(outcome)}` };
  }
}

function atRest(entry: Entry, now: number): Shown {
  const { switch: it, changedAt } = entry;
  const gone = away(entry);
  if (gone) {
    return {
      phase: 'offline',
      lead: gone,
      detail: it.on === null ? 'never reported' : `was ${word(it.on)}`,
    };
  }
  if (it.on === null) return { phase: 'idle', lead: 'unknown', detail: 'the board has not reported yet' };
  const change = it.lastChange;
  const lead = word(it.on);
  if (!change) return { phase: 'idle', lead, detail: '' };
  const who = change.actor ? actorName(change.actor) : '';
  const when = changedAt === null ? '' : ago(now - changedAt);
  const plain = [who, when].filter(Boolean).join(', ');
  if (change.command?.outcome === 'CONFIRMED' && changedAt !== null && now - changedAt < OUTCOME_SHOWN_MS) {
    const detail = [who, confirmedIn(change.command.latencyMs)].filter(Boolean).join(', ');
    return { phase: 'confirmed', lead, detail };
  }
  const confirmed =
    change.command?.outcome === 'CONFIRMED' ? `, ${confirmedIn(change.command.latencyMs)}` : '';
  const late = change.command?.outcome === 'TIMED_OUT' ? ', reported late' : '';
  return { phase: 'idle', lead, detail: plain + late + confirmed };
}

/** "Ana asked 3 min ago, refused: interlocked", until the relay moves or an hour has passed. */
function triedOf({ switch: it, changedAt, triedAt }: Entry, now: number): string {
  const command = it.lastCommand;
  if (!command || triedAt === null || now - triedAt > TRIED_SHOWN_MS) return '';
  if ((changedAt !== null && changedAt >= triedAt) || it.lastChange?.command?.id === command.id) return '';
  const asked = `${command.actor ? actorName(command.actor) : 'someone'} asked ${ago(now - triedAt)}`;
  switch (command.outcome) {
    case 'REFUSED':
      return `${asked}, refused: ${reasonText(command)}`;
    case 'TIMED_OUT':
      return `${asked}, no answer from the board`;
    case 'OFFLINE':
      return `${asked}, nothing happened: ${reasonText(command)}`;
    default:
      return '';
  }
}

/** That a command was confirmed, and how long it took where that is known. */
export const confirmedIn = (latencyMs: number | null): string =>
  latencyMs === null ? 'confirmed' : `confirmed in ${duration(latencyMs)}`;

/** Who or what moved a relay, as people say it. */
export function actorName(actor: Actor): string {
  switch (actor.kind) {
    case 'BUTTON':
      return 'wall button';
    case 'BOOT':
      return 'board restarted';
    case 'INTERLOCK':
      return 'interlock';
    case 'PULSE':
      return 'pulse ended';
    case 'CONSOLE':
      return 'gateway console';
    case 'UNKNOWN':
      return 'unknown cause';
    default:
      return actor.name;
  }
}

const REASONS: Record<string, string> = {
  OFFLINE: 'the board is offline',
  STALE: 'the board found the request too old',
  INTERLOCKED: 'another relay it must not run with is on',
  QUARANTINED: 'the board is in quarantine',
  NO_REPORT: 'the board has not reported',
  SUPERSEDED: 'a newer request took its place',
  GATEWAY_STOPPING: 'the gateway is stopping',
  BAD_VALUE: 'the board did not understand the request',
  UNKNOWN_ENDPOINT: 'the board has no such switch any more',
  HELD_BY_PULSE: 'a pulse is running',
  READ_BACK_DIFFERS: 'the relay did not follow: check the board',
};

/** Why, in words: the gateway's own where it gave some. */
export function reasonText({
  reason,
  reasonCode,
}: {
  reason: string | null;
  reasonCode: string | null;
}): string {
  return reason ?? REASONS[reasonCode ?? ''] ?? 'no reason given';
}

/** "2 on · 1 unknown · 1 offline": what deserves a glance, in that order. */
export function tally(cards: Iterable<Card>): string {
  const all = [...cards];
  const count = (test: (one: Card) => boolean, name: string) => {
    const found = all.filter(test).length;
    return found ? [`${found} ${name}`] : [];
  };
  const parts = [
    ...count((one) => one.state === 'on', 'on'),
    ...count((one) => one.state === 'unknown' && one.phase !== 'offline', 'unknown'),
    ...count((one) => one.phase === 'offline', 'offline'),
  ];
  if (parts.length) return parts.join(' · ');
  return all.length ? 'Everything is off' : '';
}
