export const ROLES = ['MEMBER', 'GUEST', 'OWNER'] as const;
export type Role = (typeof ROLES)[number];

/** How long an invitation is open, in days; 0 is for ever. */
export const OPEN_FOR = [
  { days: 1, name: 'One day' },
  { days: 7, name: 'One week' },
  { days: 30, name: '30 days' },
  { days: 0, name: 'Until it is taken back' },
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
