import type { RecordEntry, RecordFilter, RecordKind } from '../api/record';
import { actorName, confirmedIn, reasonText } from './card';

/** What a person chose to see of the record. */
export interface Wanted {
  text: string;
  about: About;
  switchId: string;
  /** Days as `2026-03-01`, in this browser's time zone; empty for no bound. */
  from: string;
  to: string;
}

export type About = 'all' | 'switches' | 'people' | 'settings';

export const ABOUT: readonly { readonly about: About; readonly name: string }[] = [
  { about: 'all', name: 'Everything' },
  { about: 'switches', name: 'What moved' },
  { about: 'people', name: 'Who came and went' },
  { about: 'settings', name: 'What was changed' },
];

export const everything = (): Wanted => ({ text: '', about: 'all', switchId: '', from: '', to: '' });

/** How each kind is told: "Ana" + this + the subject. Those that are not here go by their own name. */
const TOLD: Partial<Record<RecordKind, string>> = {
  COMMAND: 'asked for',
  SWITCH_MOVED: 'moved',
  HOME_CLAIMED: 'claimed',
  SIGNED_IN: 'signed in',
  SIGNED_OUT: 'signed out',
  ROOM_CREATED: 'made room',
  ROOM_UPDATED: 'renamed room',
  ROOM_DELETED: 'deleted room',
  DEVICE_CLAIMED: 'claimed board',
  DEVICE_UPDATED: 'changed device',
  DEVICE_REPLACED: 'gave another board to',
  DEVICE_DELETED: 'deleted device',
  CREDENTIAL_ROTATED: 'gave a new password to',
  DEVICE_IDENTIFIED: 'looked for',
  DEVICE_RESTARTED: 'restarted',
  DEVICE_WIPED: 'had its board forget the home:',
  SWITCH_CONFIGURED: 'changed settings of',
  WIFI_CHANGED: 'gave another network to',
  SWITCH_CREATED: 'added switch',
  SWITCH_UPDATED: 'changed switch',
  INTEGRATION_CREATED: 'let in integration',
  INTEGRATION_DELETED: 'shut out integration',
  HOME_ASSISTANT_UPDATED: 'changed how this is told of the home:',
  NOTICE_DISMISSED: 'put away the notice about',
  SESSIONS_ENDED: 'ended other sessions of',
  PASSWORD_CHANGED: 'changed the password of',
  MEMBER_UPDATED: 'changed',
  MEMBER_DELETED: 'removed',
  MEMBER_JOINED: 'joined as',
  GRANT_CREATED: 'shared with',
  GRANT_DELETED: 'took back what was shared with',
  GUEST_LINK_CREATED: 'made a guest link for',
  GUEST_LINK_DELETED: 'ended the guest link for',
  TOKEN_CREATED: 'made token',
  TOKEN_DELETED: 'revoked token',
  INVITATION_CREATED: 'invited',
  INVITATION_DELETED: 'took back the invitation of',
  HOME_UPDATED: 'changed the home',
  IDENTITY_LINKED: 'linked to',
  IDENTITY_UNLINKED: 'unlinked from',
  RECOVERY_CODE_CREATED: 'made a recovery code for',
  BACKUP_KEY_CREATED: 'made a recovery key for',
  RESET_CODE_CREATED: 'made a one-time code for',
  DEVICE_RELEASED: 'accepted another board for',
  BOARD_FLASHED: 'flashed the board at',
  WIFI_GIVEN: 'gave Wi-Fi to the board at',
  GRANT_ENDED: 'ended what was shared with',
  GUEST_LINK_ENDED: 'ended the guest link for',
  TOKEN_ENDED: 'ended token',
  INVITATION_ENDED: 'ended the invitation of',
};

const MOVED: readonly RecordKind[] = ['COMMAND', 'SWITCH_MOVED'];
const CAME_AND_WENT: readonly RecordKind[] = [
  'HOME_CLAIMED',
  'SIGNED_IN',
  'SIGNED_OUT',
  'MEMBER_JOINED',
  'MEMBER_DELETED',
];

function kindsOf(about: About): RecordKind[] {
  switch (about) {
    case 'all':
      return [];
    case 'switches':
      return [...MOVED];
    case 'people':
      return [...CAME_AND_WENT];
    case 'settings':
      return (Object.keys(TOLD) as RecordKind[]).filter(
        (kind) => !MOVED.includes(kind) && !CAME_AND_WENT.includes(kind),
      );
  }
}

/** What to ask the gateway for. A day counts whole. */
export function filterOf({ text, about, switchId, from, to }: Wanted): RecordFilter {
  const day = (date: string, plus = 0): string => {
    const [year = 0, month = 1, number = 1] = date.split('-').map(Number);
    return new Date(year, month - 1, number + plus).toISOString();
  };
  return {
    kinds: kindsOf(about),
    switchIds: switchId ? [switchId] : [],
    ...(text.trim() && { text: text.trim() }),
    ...(from && { from: day(from) }),
    ...(to && { to: day(to, 1) }),
  };
}

export interface Told {
  readonly who: string;
  readonly did: string;
  /** How it ended or what changed; may be empty. */
  readonly how: string;
  /** Whether it is what was asked for: false for a command that was not confirmed. */
  readonly good: boolean;
}

/** One line of the record in words. */
export function told({ what, subject, text, actor, command, change }: RecordEntry): Told {
  const who = actor ? actorName(actor) : 'someone';
  if (command) {
    const asked = `${subject} ${command.on ? 'on' : 'off'}`;
    const good = command.outcome === 'CONFIRMED';
    return { who, did: asked, how: ending(command), good };
  }
  if (what === 'SWITCH_MOVED') {
    return { who, did: `${subject} ${change ? (change.on ? 'on' : 'off') : text}`, how: '', good: true };
  }
  const verb = TOLD[what] ?? what.toLowerCase().replaceAll('_', ' ');
  const alone = what === 'SIGNED_IN' || what === 'SIGNED_OUT';
  return { who, did: alone ? verb : `${verb} ${subject}`, how: text, good: true };
}

function ending(command: NonNullable<RecordEntry['command']>): string {
  switch (command.outcome) {
    case 'OPEN':
      return 'not settled yet';
    case 'CONFIRMED':
      return confirmedIn(command.latencyMs);
    case 'REFUSED':
      return `refused: ${reasonText(command)}`;
    case 'TIMED_OUT':
      return 'no answer from the board';
    case 'SUPERSEDED':
      return 'superseded by a newer request';
    case 'OFFLINE':
      return `nothing happened: ${reasonText(command)}`;
    default:
      return reasonText(command);
  }
}
