import type { PasswordEstimate } from '../api/passwords';

export const SHORTEST = 8;

const SCORES = [
  'Very easy to guess',
  'Easy to guess',
  'Could be guessed',
  'Hard to guess',
  'Very hard to guess',
];

/** How many characters are still missing; none when zero or less. */
export const missingFrom = (password: string): number => SHORTEST - [...password].length;

/** What is said under the field while a password is typed. `estimate` is null until the gateway has judged it. */
export function passwordHint(password: string, estimate: PasswordEstimate | null): string {
  const missing = missingFrom(password);
  if (password === '') return `At least ${SHORTEST} characters. A few plain words work well.`;
  if (missing > 0) return `${missing} more ${missing === 1 ? 'character' : 'characters'}`;
  if (!estimate) return 'Long enough';
  return estimate.acceptable ? `${SCORES[estimate.score] ?? 'Good'}.` : estimate.advice.join(' ');
}
