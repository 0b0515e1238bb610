import type { Invitation, InvitationGrant } from '../api/invitations';
import { targetName } from './sharing';

export const ROLES = ['MEMBER', 'GUEST', 'OWNER'] as const;
export type Role = (typeof ROLES)[number];

/** Whom somebody may invite: only owners make owners. */
export const rolesFor = (owner: boolean): readonly Role[] =>
  ROLES.filter((role) => owner || role !== 'OWNER');

/** Parts of the home that an invitation gives at most. */
export const MAX_GRANTS = 16;

/** How long an invitation is open, in days; 0 is for ever. */
export const OPEN_FOR = [
  { value: 1, name: 'One day' },
  { value: 7, name: 'One week' },
  { value: 30, name: '30 days' },
  { value: 0, name: 'Until it is taken back' },
] as const;

/** What a role means, in words. Roles may come that this page does not know. */
export function roleName(role: string | undefined): string {
  switch (role) {
    case 'OWNER':
      return 'Owner: decides everything';
    case 'MEMBER':
      return 'Member: lives here, sees and moves what is shared with them';
    case 'GUEST':
      return 'Guest: visits, sees and moves what is shared with them';
    default:
      return role ?? '';
  }
}

/** "For 2 people, until 1 Mar 2026, 18:00" */
export function invitationTerms(
  { usesLeft, expiresAt, email }: Pick<Invitation, 'usesLeft' | 'expiresAt' | 'email'>,
  timeZone: string | undefined,
): string {
  const many = email ? `For ${email}` : usesLeft === 1 ? 'For one person' : `For ${usesLeft} people`;
  if (!expiresAt) return `${many}, until it is taken back`;
  const until = new Date(expiresAt).toLocaleString(undefined, {
    timeZone,
    dateStyle: 'medium',
    timeStyle: 'short',
  });
  return `${many}, until ${until}`;
}

/** "With Room Kitchen, Hall light (see only)": what an invitation gives. Whose place is gone gives nothing. */
export function givenBy(grants: readonly InvitationGrant[]): string {
  const named = grants.filter(({ target }) => target.name || target.kind === 'HOME');
  const parts = named.map(
    ({ target, level }) => targetName(target) + (level === 'VIEW' ? ' (see only)' : ''),
  );
  return parts.length ? `With ${parts.join(', ')}` : '';
}

/** What goes with someone who is removed. */
export const leaving = (name: string): string =>
  `${name} is signed out everywhere and cannot sign in again. What is shared with them, what they shared with others, their tokens and their invitations end too. What they did stays on record.`;
