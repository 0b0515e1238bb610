/** What is said to a person when a request did not work. */
export interface Problem {
  readonly code: string;
  readonly message: string;
  readonly retryAfterMs: number | null;
}

export function messageFor({ code, message, retryAfterMs }: Problem): string {
  switch (code) {
    case 'UNREACHABLE':
      return 'The gateway cannot be reached. Whether this arrived is not known.';
    case 'UNAUTHENTICATED':
      return 'Your session has ended. Sign in again.';
    case 'FORBIDDEN':
      return 'You are not allowed to do this.';
    case 'NOT_FOUND':
      return 'It is no longer there.';
    case 'BUSY':
      return 'The gateway is busy. Try again in a moment.';
    case 'RATE_LIMITED':
      return `Too many attempts. Try again ${inSeconds(retryAfterMs)}.`;
    case 'GATEWAY_UNCLAIMED':
      return 'This gateway has not been claimed yet.';
    default:
      return message || 'The gateway gave an answer that could not be read.';
  }
}

/** Signing in: the gateway does not say which of the two was wrong. */
export const signInMessage = (problem: Problem): string =>
  problem.code === 'UNAUTHENTICATED' ? 'This name and password do not go together.' : messageFor(problem);

/** Opening a guest link: whatever is wrong with it, it opens nothing. */
export function guestMessage(problem: Problem): string {
  switch (problem.code) {
    case 'UNAUTHENTICATED':
    case 'FORBIDDEN':
    case 'NOT_FOUND':
    case 'BAD_INPUT':
      return 'This link has ended, or never was one. Ask whoever gave it to you for a new one.';
    default:
      return messageFor(problem);
  }
}

export function claimMessage(problem: Problem): string {
  switch (problem.code) {
    case 'UNAUTHENTICATED':
    case 'FORBIDDEN':
      return 'This claim code is wrong or has expired. Ask the gateway for a new one: gatehouse claim-code';
    case 'CONFLICT':
      return 'This gateway has already been claimed. Sign in instead.';
    default:
      return messageFor(problem);
  }
}

function inSeconds(ms: number | null): string {
  if (ms === null) return 'later';
  const seconds = Math.max(1, Math.ceil(ms / 1000));
  return seconds < 90 ? `in ${seconds} s` : `in ${Math.ceil(seconds / 60)} min`;
}

/** Why what has an end does not hold. */
export const messageOfClock =
  'This gateway’s clock is not set: until it is, only what is open for ever can be used.';
