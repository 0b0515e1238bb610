/** Which passwords the fake gateway takes: long ones without a name in them. */
import type { PasswordEstimate, PasswordEstimateInput } from '../src/api/passwords';
import { refuse, type Asker, type Input } from './asking';
import type { World } from './world';

export function estimate(password: string, names: readonly string[]): PasswordEstimate {
  if (password.length < 8) {
    return { score: 0, acceptable: false, advice: ['A password has at least 8 characters.'] };
  }
  const lower = password.toLowerCase();
  if (password.length < 10 || names.some((name) => lower.includes(name.toLowerCase()))) {
    const advice = ['This password is easily guessed.', 'Add another word or two.'];
    return { score: 1, acceptable: false, advice };
  }
  return { score: password.length < 16 ? 3 : 4, acceptable: true, advice: [] };
}

export function checkPassword(password: string, names: readonly string[], field = 'password'): void {
  const { acceptable, advice } = estimate(password, names);
  if (!acceptable) throw refuse('BAD_INPUT', advice.join(' '), { field });
}

export const passwordQueries = (world: World) => ({
  passwordEstimate: ({ input }: Input<PasswordEstimateInput>, { session }: Asker) => {
    if (!(session && world.sessions.has(session)) && !codeIsLive(world, input.code ?? '')) {
      world.attemptsLeft -= 1;
      throw refuse('BAD_INPUT', 'This code is wrong or has expired.', { field: 'code' });
    }
    return estimate(input.password, input.names ?? []);
  },
});

const codeIsLive = (world: World, code: string): boolean =>
  code === world.claimCode || code === world.resetCode || world.invitations.open(code) !== undefined;
