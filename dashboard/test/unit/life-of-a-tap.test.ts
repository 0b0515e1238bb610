import { describe, expect, test } from 'vitest';
import type { Switch } from '../../src/api/switches';
import { card } from '../../src/model/card';
import { answered, changed, failed, observed, tapped, unexplained } from '../../src/model/panel';
import { ana, at, ben, button, change, command, lamp, live, NOW, obeyed, shown } from './make';

const open = (on: boolean, id = 'c1', actor: typeof ana | typeof ben = ana) =>
  lamp({ openCommand: { id, on, actor } });

describe('a tap here', () => {
  const asked = tapped(live(), 's1', 1, true);

  test('shows what was asked, never as the state', () => {
    expect(shown(asked)).toEqual(['off', 'switching', 'switching on… · asked, still off']);
  });

  test('confirmed: report first, then answer', () => {
    const panel = answered(changed(asked, obeyed(true), NOW), 1, command(), NOW, true);
    expect(shown(panel)).toEqual(['on', 'confirmed', 'on · confirmed in 41 ms']);
  });

  test('confirmed: answer first stays "switching" until the report is here', () => {
    const early = answered(asked, 1, command(), NOW, true);
    expect(shown(early).slice(0, 2)).toEqual(['off', 'switching']);
    expect(shown(changed(early, obeyed(true), NOW))).toEqual(['on', 'confirmed', 'on · confirmed in 41 ms']);
  });

  test('confirmed, and the wall button was faster than the answer', () => {
    const pressed = lamp({ on: false, reportedAt: at(20), lastChange: change(false, { actor: button }) });
    const panel = answered(changed(asked, pressed, NOW), 1, command(), NOW, true);
    expect(shown(panel)).toEqual(['off', 'idle', 'off · wall button, just now']);
  });

  test('confirmed although the relay was there already', () => {
    const on = obeyed(true, 'c0');
    const panel = answered(tapped(live(on), 's1', 1, true), 1, command({ latencyMs: 3.14 }), NOW, true);
    expect(shown(panel)).toEqual(['on', 'confirmed', 'on · confirmed in 3.1 ms']);
  });

  test('without a live connection the answer brings the state', () => {
    const panel = answered(asked, 1, command({ switch: obeyed(true) }), NOW, false);
    expect(shown(panel, NOW, false)).toEqual(['on', 'confirmed', 'last known: on · confirmed in 41 ms']);
  });

  test('refused says why and keeps the state', () => {
    const refused = command({ outcome: 'REFUSED', reasonCode: 'HELD_BY_PULSE' });
    expect(shown(answered(asked, 1, refused, NOW, true))).toEqual([
      'off',
      'refused',
      'off · refused: a pulse is running',
    ]);
    const explained = { ...refused, reason: 'interlocked with Blind down' };
    expect(shown(answered(asked, 1, explained, NOW, true))[2]).toBe(
      'off · refused: interlocked with Blind down',
    );
  });

  test('superseded', () => {
    const panel = answered(asked, 1, command({ outcome: 'SUPERSEDED' }), NOW, true);
    expect(shown(panel)[1]).toBe('superseded');
  });

  test('offline says why nothing happened, until the board is back', () => {
    const gone = lamp({ on: true, availability: 'OFFLINE' });
    expect(shown(live(gone))).toEqual(['unknown', 'offline', 'offline · was on']);
    const offline = command({ outcome: 'OFFLINE', reasonCode: 'OFFLINE' });
    const panel = answered(tapped(live(gone), 's1', 1, false), 1, offline, NOW, true);
    expect(shown(panel, NOW + 600_000)).toEqual([
      'unknown',
      'offline',
      'offline · nothing happened: the board is offline',
    ]);
    expect(shown(changed(panel, lamp({ on: true }), NOW)).slice(0, 2)).toEqual(['on', 'idle']);
  });

  test('a failed request is told on the card', () => {
    const panel = failed(asked, 's1', 1, 'The gateway is busy.', NOW);
    expect(shown(panel)).toEqual(['off', 'refused', 'off · The gateway is busy.']);
  });

  test('only the newest tap is shown, whatever order the answers come in', () => {
    const twice = tapped(asked, 's1', 2, false);
    const panel = answered(twice, 1, command({ outcome: 'SUPERSEDED' }), NOW, true);
    expect(shown(panel)[1]).toBe('switching');
  });

  test('an outcome gives way to "who and when" after a minute', () => {
    const panel = answered(changed(asked, obeyed(true), NOW), 1, command(), NOW, true);
    expect(shown(panel, NOW + 59_000)[1]).toBe('confirmed');
    expect(shown(panel, NOW + 180_000)).toEqual(['on', 'idle', 'on · Ana, 3 min ago, confirmed in 41 ms']);
  });

  test('a tap while switching asks for the opposite', () => {
    const entry = asked.entries.get('s1');
    expect(entry && card(entry, NOW).next).toBe(false);
  });
});

describe('timed out', () => {
  const timedOut = command({ outcome: 'TIMED_OUT', reasonCode: 'NO_REPORT' });
  const panel = answered(tapped(live(), 's1', 1, true), 1, timedOut, NOW, true);

  test('is unknown, for as long as the board is silent', () => {
    expect(shown(panel, NOW + 3_600_000)).toEqual([
      'unknown',
      'timed-out',
      'unknown · asked on, no answer; unknown until the board reports',
    ]);
    expect(shown(changed(panel, lamp({ name: 'Renamed' }), NOW))[0]).toBe('unknown');
  });

  test('ends with a report, even of the same state', () => {
    expect(shown(changed(panel, lamp({ reportedAt: at(5) }), NOW)).slice(0, 2)).toEqual(['off', 'idle']);
  });

  test('a late report is credited to who asked', () => {
    const late = lamp({
      on: true,
      reportedAt: at(5),
      lastChange: change(true, { actor: ana, command: { id: 'c1', outcome: 'TIMED_OUT', latencyMs: null } }),
    });
    expect(shown(changed(panel, late, NOW))).toEqual(['on', 'idle', 'on · Ana, just now, reported late']);
  });

  test('a tap asks for the same again', () => {
    const entry = panel.entries.get('s1');
    expect(entry && card(entry, NOW).next).toBe(true);
  });
});

describe('a tap on another screen', () => {
  const watching = changed(live(), open(true, 'c7', ben), NOW);

  test('shows who asked for what', () => {
    expect(shown(watching)).toEqual(['off', 'switching', 'switching on… · Ben asked, still off']);
  });

  test('confirmed comes with the change', () => {
    const panel = changed(watching, obeyed(true, 'c7', ben), NOW);
    expect(shown(panel)).toEqual(['on', 'confirmed', 'on · Ben, confirmed in 41 ms']);
    const [before, after] = [watching.entries.get('s1'), panel.entries.get('s1')];
    expect(after && unexplained(before, after)).toBeNull();
  });

  test('one that moved nothing is asked about', () => {
    const panel = changed(watching, lamp(), NOW);
    const [before, after] = [watching.entries.get('s1'), panel.entries.get('s1')];
    expect(after && unexplained(before, after)).toBe('c7');
    const timedOut = command({ id: 'c7', actor: ben, outcome: 'TIMED_OUT' });
    expect(shown(observed(panel, timedOut, NOW))).toEqual([
      'unknown',
      'timed-out',
      'unknown · Ben, asked on, no answer; unknown until the board reports',
    ]);
  });

  test('what is told about it too late is not shown over a newer one', () => {
    const newer = changed(watching, open(false, 'c8'), NOW);
    expect(observed(newer, command({ id: 'c7', outcome: 'REFUSED' }), NOW)).toEqual(newer);
  });

  test('a command from before the connection was lost is no fact any more', () => {
    expect(shown(watching, NOW, false)).toEqual(['off', 'idle', 'last known: off']);
  });
});

describe('what moves a relay without a tap', () => {
  test.each([
    [button, 'wall button, just now'],
    [{ kind: 'BOOT', name: '' } as const, 'board restarted, just now'],
    [{ kind: 'CONSOLE', name: 'root' } as const, 'gateway console, just now'],
    [null, 'just now'],
  ])('%j', (actor, detail) => {
    const panel = changed(live(), lamp({ on: true, lastChange: change(true, { actor }) }), NOW);
    expect(shown(panel)).toEqual(['on', 'idle', `on · ${detail}`]);
  });

  test('a gateway without trusted time: changes seen here are dated here, others not at all', () => {
    const undated = lamp({ on: true, lastChange: change(true, { actor: button, at: null }) });
    expect(shown(changed(live(), undated, NOW), NOW + 120_000)[2]).toBe('on · wall button, 2 min ago');
    expect(shown(live(undated))[2]).toBe('on · wall button');
  });

  test('a board that never reported', () => {
    expect(shown(live(lamp({ on: null })))).toEqual([
      'unknown',
      'idle',
      'unknown · the board has not reported yet',
    ]);
  });
});

describe('a request that nothing came of', () => {
  const refused = (facts: Partial<NonNullable<Switch['lastCommand']>> = {}) => ({
    id: 'c1',
    outcome: 'REFUSED' as const,
    reason: 'interlocked with Blind down',
    reasonCode: 'INTERLOCKED' as const,
    settledAt: at(-180_000),
    actor: ana,
    ...facts,
  });
  const tried = (it: Switch, now = NOW) => {
    const entry = live(it).entries.get('s1');
    if (!entry) throw new Error('the lamp is gone');
    return card(entry, now).tried;
  };

  test('is told of for an hour, with who asked', () => {
    const it = lamp({ lastCommand: refused() });
    expect(tried(it)).toBe('Ana asked 3 min ago, refused: interlocked with Blind down');
    expect(tried(it, NOW + 3_600_000)).toBe('');
    const by = (facts: Parameters<typeof refused>[0]) => tried(lamp({ lastCommand: refused(facts) }));
    expect(by({ outcome: 'TIMED_OUT' })).toBe('Ana asked 3 min ago, no answer from the board');
    expect(by({ outcome: 'OFFLINE', reason: null, reasonCode: 'OFFLINE', actor: null })).toBe(
      'someone asked 3 min ago, nothing happened: the board is offline',
    );
    expect(by({ settledAt: null })).toBe('');
  });

  test('is not told of once the relay moved, nor when it came of it after all', () => {
    const moved = change(true, { at: at(-60_000), actor: button });
    expect(tried(lamp({ on: true, lastChange: moved, lastCommand: refused() }))).toBe('');
    const late = change(true, {
      at: at(-240_000),
      command: { id: 'c1', outcome: 'TIMED_OUT', latencyMs: null },
    });
    expect(tried(lamp({ on: true, lastChange: late, lastCommand: refused({ outcome: 'TIMED_OUT' }) }))).toBe(
      '',
    );
    for (const outcome of ['CONFIRMED', 'SUPERSEDED'] as const) {
      expect(tried(lamp({ lastCommand: refused({ outcome }) }))).toBe('');
    }
  });

  test('gives way to how a request here ended', () => {
    const panel = answered(
      tapped(live(lamp({ lastCommand: refused() })), 's1', 1, true),
      1,
      command({ id: 'c2', outcome: 'REFUSED', reasonCode: 'HELD_BY_PULSE' }),
      NOW,
      true,
    );
    const entry = panel.entries.get('s1');
    expect(entry && card(entry, NOW).tried).toBe('');
  });
});
