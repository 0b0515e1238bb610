import { expect, test } from 'vitest';
import { arranged, changed, connected, emptyPanel, listed, removed } from '../../src/model/panel';
import { at, button, change, lamp, live, NOW, shown } from './make';

const names = (panel: ReturnType<typeof live>) => [...panel.entries.values()].map((it) => it.switch.name);

test('a list never overwrites what the connection told since', () => {
  const panel = listed(live(lamp({ on: true })), 1, [lamp({ on: false })], NOW);
  expect(shown(panel)[0]).toBe('on');
});

test('a list asked for before the connection was lost is ignored', () => {
  const panel = connected(live(lamp({ on: true })));
  expect(listed(panel, 1, [lamp({ on: false })], NOW)).toBe(panel);
});

test('after reconnecting, switches that are gone disappear and missed changes are there', () => {
  let panel = changed(live(), lamp({ id: 's2', name: 'Fan' }), NOW);
  panel = listed(connected(panel), 2, [lamp({ on: true })], NOW);
  expect(names(panel)).toEqual(['Lamp']);
  expect(shown(panel)[0]).toBe('on');
});

test('a removed switch does not come back with an older list', () => {
  expect(names(listed(removed(live(), 's1'), 1, [lamp()], NOW))).toEqual([]);
});

test('a switch that may be viewed again does', () => {
  expect(names(changed(removed(live(), 's1'), lamp(), NOW))).toEqual(['Lamp']);
});

test('a list asked for without a connection is shown', () => {
  const panel = listed(emptyPanel(), 0, [lamp()], NOW);
  expect([panel.loaded, names(panel)]).toEqual([true, ['Lamp']]);
});

test('names and places come from a list without touching states', () => {
  const room = { id: 'r1', name: 'Hall' };
  const panel = arranged(live(lamp({ on: true })), [lamp({ on: false, name: 'Light', room })]);
  expect(panel.entries.get('s1')?.switch).toMatchObject({ name: 'Light', room, on: true });
});

test("the gateway's clock may be wrong by hours: ages are measured on it", () => {
  const ahead = 5 * 3_600_000;
  const pressed = lamp({ on: true, lastChange: change(true, { actor: button, at: at(ahead - 180_000) }) });
  const panel = listed(emptyPanel(ahead), 0, [pressed], NOW);
  expect(shown(panel)[2]).toBe('on · wall button, 3 min ago');
});
