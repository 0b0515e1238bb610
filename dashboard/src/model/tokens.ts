import type { CreateTokenInput, Scope, Token } from '../api/tokens';

/** What a token can be for. The last two are for owners. */
export const SCOPES: readonly { scope: Scope; name: string; about: string; owner?: true }[] = [
  { scope: 'VIEW', name: 'See', about: 'What you see.' },
  { scope: 'OPERATE', name: 'Move', about: 'See it, and move the switches that you may move.' },
  {
    scope: 'ADMINISTER',
    name: 'Administer',
    about: 'Change the home’s settings and see all of them. It moves no switch by itself.',
    owner: true,
  },
  {
    scope: 'METRICS',
    name: 'Read the gateway’s numbers',
    about: 'At /metrics, for Prometheus, and nothing else.',
    owner: true,
  },
];

export const scopesFor = (owner: boolean) => SCOPES.filter((one) => owner || !one.owner);

/** How long a token is good, in days; 0 is for ever. */
export const GOOD_FOR = [
  { value: 30, name: '30 days' },
  { value: 90, name: '90 days' },
  { value: 365, name: 'One year' },
  { value: 0, name: 'Until it is taken back' },
] as const;

const DAY_MS = 86_400_000;

/** `gatewayNow`: milliseconds since 1970, by the gateway's clock. */
export const tokenInput = (
  name: string,
  scopes: readonly Scope[],
  days: number,
  gatewayNow: number,
): CreateTokenInput => ({
  name: name.trim(),
  scopes: [...scopes],
  expiresAt: days ? new Date(gatewayNow + days * DAY_MS).toISOString() : null,
});

/** "see, move · until 1 Mar 2026 · last used 3 min ago". `when` tells a time that has passed. */
export function aboutToken(
  { scopes, expiresAt, lastUsedAt }: Pick<Token, 'scopes' | 'expiresAt' | 'lastUsedAt'>,
  when: (at: string) => string,
): string {
  const names = SCOPES.filter((one) => scopes.includes(one.scope)).map((one) => one.name.toLowerCase());
  const unknown = scopes.filter((scope) => !SCOPES.some((one) => one.scope === scope));
  const end = expiresAt && new Date(expiresAt).toLocaleDateString(undefined, { dateStyle: 'medium' });
  return [
    [...names, ...unknown.map((scope) => scope.toLowerCase())].join(', '),
    end ? `until ${end}` : 'without an end',
    lastUsedAt ? `last used ${when(lastUsedAt)}` : 'never used',
  ].join(' · ');
}
