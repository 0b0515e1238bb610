import { expect, test } from 'vitest';
import { emptyDraft, inputOf, lossOf, mayDo, missing } from '../../src/model/integrations';

const other = { ...emptyDraft(), name: ' Tablet ', kind: 'other' as const };

test('Home Assistant needs a name and nothing else', () => {
  const draft = { ...emptyDraft(), name: 'HA', hears: 'some' as const, operates: true };
  expect(missing(draft)).toBeNull();
  expect(inputOf(draft)).toEqual({ name: 'HA', preset: 'HOME_ASSISTANT', publish: [], subscribe: [] });
});

test('what is chosen in words becomes what is asked for', () => {
  const asked = { name: 'Tablet', publish: [], subscribe: [] };
  expect(inputOf({ ...other, devices: ['d1'], operates: true })).toEqual({
    ...asked,
    allDevices: true,
    devices: [],
    operate: true,
  });
  expect(inputOf({ ...other, hears: 'some', devices: ['d1', 'd2'] })).toEqual({
    ...asked,
    allDevices: false,
    devices: ['d1', 'd2'],
    operate: false,
  });
  expect(inputOf({ ...other, hears: 'none', operates: true, publish: 'a/#\n b \n\n' })).toEqual({
    ...asked,
    allDevices: false,
    devices: [],
    operate: false,
    publish: ['a/#', 'b'],
  });
});

test('what would be of no use is not asked for', () => {
  expect(missing({ ...other, hears: 'some' })).toMatch(/at least one device/);
  expect(missing({ ...other, hears: 'some', devices: ['d1'] })).toBeNull();
  expect(missing({ ...other, hears: 'none', subscribe: '\n ' })).toMatch(/hear and say nothing/);
  expect(missing({ ...other, hears: 'none', subscribe: 'a' })).toBeNull();
});

test.each([
  [{ publish: [], subscribe: [] }, 'Hears and says nothing'],
  [{ publish: ['homie/5/+/+/+/set'], subscribe: ['homie/5/#'] }, 'Hears all devices, operates all devices'],
  [{ publish: [], subscribe: ['homie/5/relay-1/#', 'homie/5/relay-1/+/on'] }, 'Hears one device'],
  [
    { publish: ['homie/5/a/+/+/set', 'garden/#'], subscribe: ['homie/5/a/#', 'homie/5/b/#', 'garden/#'] },
    'Hears 2 devices, operates one device, 2 filters of its own',
  ],
])('filters %o are told as %s', (filters, told) => {
  expect(mayDo(filters)).toBe(told);
});

test.each([
  ['DEVICE', 'a', 'COMPONENT', 'a', /^$/],
  ['DEVICE', 'a', 'OFF', 'b', /^Its entities of this home go away/],
  ['COMPONENT', 'a', 'DEVICE', 'b', /make them again/],
  ['OFF', 'a', 'DEVICE', 'b', /^$/],
] as const)('from %s at %s to %s at %s', (form, prefix, formAfter, prefixAfter, said) => {
  expect(lossOf({ form, prefix }, { form: formAfter, prefix: prefixAfter })).toMatch(said);
});
