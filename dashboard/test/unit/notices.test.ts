import { expect, test } from 'vitest';
import type { Notice } from '../../src/api/notices';
import { byWeight, howOften } from '../../src/model/notices';

const notice = (id: string, severity: Notice['severity'], at: string | null): Notice => ({
  id,
  severity,
  at,
  code: 'X',
  subject: 'x',
  message: 'x',
  advice: 'x',
  times: 1,
  firstAt: at,
});

test('what is worst comes first, and of that what happened last', () => {
  const all = [
    notice('a', 'INFO', '2026-03-01T06:30:00.000Z'),
    notice('b', 'WARNING', '2026-03-01T06:30:00.000Z'),
    notice('c', 'WARNING', null),
    notice('d', 'CRITICAL', '2026-02-01T06:30:00.000Z'),
    notice('e', 'WARNING', '2026-03-01T06:31:00.000Z'),
  ];
  expect(all.toSorted(byWeight).map((one) => one.id)).toEqual(['d', 'e', 'b', 'c', 'a']);
});

test('how often is said as people say it', () => {
  expect([1, 2, 3, 12_345].map(howOften)).toEqual(['once', 'twice', '3 times', '12,345 times']);
});
