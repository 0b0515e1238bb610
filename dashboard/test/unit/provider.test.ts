import { describe, expect, test } from 'vitest';
import { hostOf, tripMessage } from '../../src/model/provider';

describe('what came of a trip to the provider', () => {
  test('is told in words, with the name of the provider', () => {
    expect(tripMessage('done', 'Google')).toEqual({
      text: 'You sign in with Google too, from now on.',
      good: true,
    });
    expect(tripMessage('unreachable', 'Google').text).toContain('Google does not answer');
    expect(tripMessage('unknown', 'Google').good).toBe(false);
  });

  test('whatever else stands in the link is not shown', () => {
    for (const word of ['constructor', '__proto__', 'toString', 'x', '']) {
      expect(tripMessage(word, 'Google')).toEqual({
        text: 'That did not work. Try again, or use your password.',
        good: false,
      });
    }
  });
});

test('a web origin is read as a host', () => {
  expect(hostOf('https://home.example.org:8443')).toBe('home.example.org:8443');
});
