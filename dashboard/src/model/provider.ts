/** A provider by whose word people sign in. */
export interface Provider {
  readonly name: string;
  /** The only web origin from which it can be gone to. */
  readonly origin: string;
}

/** What came of a trip to the provider, by the word that the gateway gives its pages. */
const TOLD = new Map<string, (name: string) => string>(
  Object.entries({
    cancelled: (name: string) => `You came back from ${name} without having signed in there.`,
    expired: () => 'That took too long, or began in another window. Try again.',
    unreachable: (name: string) =>
      `${name} does not answer right now. Try again later, or use your password.`,
    refused: (name: string) => `${name} did not say who you are. Try again, or use your password.`,
    unknown: (name: string) =>
      `Nobody here has linked this account. Ask for an invitation, or sign in with your password and link ${name} under My account.`,
    busy: () => 'Too many attempts. Wait a moment, then try again.',
    'signed-out': () => 'Your session ended meanwhile. Sign in, then link the account.',
    linked: (name: string) =>
      `That account belongs to somebody else here, or you have linked another one of ${name}. Unlink that first.`,
    joined: () => 'You belong to this home already: sign in. Or there is no room for one more.',
    invitation: () => 'This invitation was used or has ended meanwhile. Ask for another one.',
    name: () => 'Somebody took this name meanwhile. Open your invitation again and choose another.',
  }),
);

/** What to tell, and whether it went well. */
export function tripMessage(word: string, name: string): { text: string; good: boolean } {
  if (word === 'done') return { text: `You sign in with ${name} too, from now on.`, good: true };
  const text = TOLD.get(word)?.(name) ?? 'That did not work. Try again, or use your password.';
  return { text, good: false };
}

/** The host of a web origin, as people read it. */
export const hostOf = (origin: string): string => origin.replace(/^https?:\/\//, '');
