import { expect, test } from 'vitest';
import { deviceName, whatStays } from '../../src/model/account';

test.each([
  [null, 'A program'],
  ['curl/8.5.0', 'curl/8.5.0'],
  ['Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0', 'Firefox on Linux'],
  [
    'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36 Edg/140.0.0.0',
    'Edge on Windows',
  ],
  [
    'Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1',
    'Safari on iPhone',
  ],
  [
    'Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Mobile Safari/537.36',
    'Chrome on Android',
  ],
  [
    'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Safari/605.1.15',
    'Safari on Mac',
  ],
])('%s is told as %s', (userAgent, name) => expect(deviceName(userAgent)).toBe(name));

test.each([
  [null, null, ''],
  [[], null, ''],
  [[{ provider: 'old.example.org', current: false }], null, ''],
  [
    [{ provider: 'accounts.example.org', current: true }],
    null,
    'Still good to get in: your account at accounts.example.org. Take away what you do not know.',
  ],
  [
    [{ provider: 'accounts.example.org', current: true }],
    'ana@example.org',
    'Still good to get in: your account at accounts.example.org, links mailed to ana@example.org. Take away what you do not know.',
  ],
])('of %j and the address %j is told what stays', (identities, email, text) =>
  expect(whatStays(identities && { identities }, { email })).toBe(text),
);
