/** The first that is found names it: browsers claim to be their forebears too. */
const BROWSERS: readonly [RegExp, string][] = [
  [/\bEdgA?\//, 'Edge'],
  [/\bOPR\//, 'Opera'],
  [/\bSamsungBrowser\//, 'Samsung Internet'],
  [/\b(Firefox|FxiOS)\//, 'Firefox'],
  [/\b(Chrome|Chromium|CriOS|HeadlessChrome)\//, 'Chrome'],
  [/\bSafari\//, 'Safari'],
];
const SYSTEMS: readonly [RegExp, string][] = [
  [/\biPhone\b/, 'iPhone'],
  [/\biPad\b/, 'iPad'],
  [/\bAndroid\b/, 'Android'],
  [/\bWindows\b/, 'Windows'],
  [/\bMac OS X\b/, 'Mac'],
  [/\bCrOS\b/, 'ChromeOS'],
  [/\bLinux\b/, 'Linux'],
];

/** What someone is signed in with, in two words where it is a browser: "Firefox on Linux". It may claim to be anything. */
export function deviceName(userAgent: string | null): string {
  if (!userAgent) return 'A program';
  const named = (of: readonly [RegExp, string][]) => of.find(([pattern]) => pattern.test(userAgent))?.[1];
  const browser = named(BROWSERS);
  const system = named(SYSTEMS);
  if (!browser) return userAgent;
  return system ? `${browser} on ${system}` : browser;
}

/** What lets somebody in besides the password, in a sentence that says what to do about it; empty when nothing does. */
export function whatStays(
  ways: { identities: readonly { provider: string; current: boolean }[] } | null,
  addresses: { email: string | null } | null,
): string {
  const linked = ways?.identities.filter((one) => one.current) ?? [];
  const all = linked.map((one) => `your account at ${one.provider}`);
  if (addresses?.email) all.push(`links mailed to ${addresses.email}`);
  return all.length > 0 ? `Still good to get in: ${all.join(', ')}. Take away what you do not know.` : '';
}
