import { describe, expect, test } from 'vitest';
import { grouped, size, standing } from '../../src/model/backups';

const kept = [
  { name: 'b.age', bytes: 1, madeAt: '2026-11-27T03:00:00Z' },
  { name: 'a.age', bytes: 1, madeAt: '2026-11-26T03:00:00Z' },
];
const all = {
  recoveryKey: 'age1',
  directory: '/d',
  making: false,
  kept,
  proven: { name: 'b.age', at: '2026-11-27T03:00:01Z' },
  problem: null,
};

describe('how backups stand', () => {
  test('what is worst is said', () => {
    expect(standing(all)).toBe('good');
    expect(standing({ ...all, proven: { name: 'a.age', at: '' } })).toBe('unproven');
    expect(standing({ ...all, proven: null })).toBe('unproven');
    expect(standing({ ...all, kept: [] })).toBe('first');
    expect(standing({ ...all, problem: 'the stick is gone' })).toBe('failing');
    expect(standing({ ...all, recoveryKey: null, problem: 'the stick is gone' })).toBe('off');
    expect(standing({ ...all, recoveryKey: null, directory: null })).toBe('nowhere');
  });

  test('sizes are as people write them', () => {
    expect([0, 999, 1_000, 48_213, 999_499, 999_500, 6_440_000].map(size)).toEqual([
      '0 bytes',
      '999 bytes',
      '1 KB',
      '48 KB',
      '999 KB',
      '1 MB',
      '6.4 MB',
    ]);
  });

  test('a key is read in groups', () => {
    expect(grouped('AGE-SECRET-KEY-1QQ')).toBe('AGE-SECR ET-KEY-1 QQ');
    expect(grouped('')).toBe('');
  });
});
