import type { Change, Command, Switch } from '../../src/api/switches';
import { card, statusOf } from '../../src/model/card';
import { changed, connected, emptyPanel, type Panel } from '../../src/model/panel';

export const NOW = Date.parse('2026-01-15T12:00:00Z');
export const at = (ms: number): string => new Date(NOW + ms).toISOString();

export const ana = { kind: 'MEMBER', name: 'Ana' } as const;
export const ben = { kind: 'MEMBER', name: 'Ben' } as const;
export const button = { kind: 'BUTTON', name: 'button 1' } as const;

export const lamp = (facts: Partial<Switch> = {}): Switch => ({
  id: 's1',
  name: 'Lamp',
  on: false,
  reportedAt: at(-60_000),
  availability: 'ONLINE',
  mayOperate: true,
  room: null,
  device: null,
  openCommand: null,
  lastChange: null,
  lastCommand: null,
  ...facts,
});

export const change = (on: boolean, facts: Partial<Change> = {}): Change => ({
  on,
  at: at(0),
  actor: null,
  command: null,
  ...facts,
});

export const command = (facts: Partial<Command> = {}): Command => ({
  id: 'c1',
  on: true,
  outcome: 'CONFIRMED',
  reason: null,
  reasonCode: null,
  latencyMs: 41,
  actor: ana,
  switch: lamp(),
  ...facts,
});

/** The lamp once the board obeyed command `id`. */
export const obeyed = (on: boolean, id = 'c1', actor: Change['actor'] = ana): Switch =>
  lamp({
    on,
    reportedAt: at(10),
    lastChange: change(on, { actor, command: { id, outcome: 'CONFIRMED', latencyMs: 41 } }),
  });

/** A live panel that shows this switch. */
export const live = (it: Switch = lamp()): Panel => changed(connected(emptyPanel()), it, NOW);

/** What the lamp's card shows: state, phase, status line. */
export function shown(panel: Panel, now = NOW, isLive = true): [string, string, string] {
  const entry = panel.entries.get('s1');
  if (!entry) throw new Error('the lamp is gone');
  const it = card(entry, now, isLive);
  return [it.state, it.phase, statusOf(it)];
}
