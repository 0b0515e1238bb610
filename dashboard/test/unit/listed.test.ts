import { describe, expect, test } from 'vitest';
import { Listed } from '../../src/state/listed.svelte';

type Thing = { id: string; word: string };
const thing = (id: string, word: string): Thing => ({ id, word });
const words = (listed: Listed<Thing>) => [...listed.all.values()].map((one) => one.word);

describe('a list that is read while its changes are told', () => {
  test('yields to what is told after it was asked for, whichever arrives first', async () => {
    const listed = new Listed<Thing>();
    const read = listed.read(async () => {
      await Promise.resolve();
      return [thing('a', 'older'), thing('b', 'gone'), thing('c', 'listed')];
    });
    listed.changed(thing('a', 'newer'));
    listed.removed('b');
    await read;
    expect(words(listed)).toEqual(['newer', 'listed']);
  });

  test('says which are no more, and counts again once it is asked for anew', async () => {
    const listed = new Listed<Thing>();
    listed.changed(thing('a', 'told'));
    listed.changed(thing('b', 'told'));
    await listed.read(() => Promise.resolve([thing('b', 'listed')]));
    expect(words(listed)).toEqual(['listed']);
  });

  test('that does not come changes nothing, and is not waited for', async () => {
    const listed = new Listed<Thing>();
    listed.changed(thing('a', 'told'));
    await expect(listed.read(() => Promise.reject(new Error('away')))).rejects.toThrow('away');
    expect(words(listed)).toEqual(['told']);
  });
});
