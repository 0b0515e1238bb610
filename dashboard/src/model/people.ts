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
