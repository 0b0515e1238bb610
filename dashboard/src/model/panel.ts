/**
 * What this screen knows of the switches: a fold of what the gateway said (snapshot, changes, answers) and of
 * what was tapped here. Every function returns a new panel and reads no clock: `now` is local milliseconds.
 */
import type { Actor, Command, Switch } from '../api/switches';

/** A tap made here that the gateway has not answered yet. */
export interface Tap {
  readonly id: number;
  readonly on: boolean;
  /** The switch's last change when the tap was made. */
  readonly basis: string;
}

/** How the last request for a switch ended, kept until the board says something newer. */
export interface Outcome {
  /** null: the gateway never made a command of it (not allowed, busy, not reached). */
  readonly commandId: string | null;
  readonly on: boolean;
  readonly kind: Command['outcome'] | 'FAILED';
  readonly reason: string | null;
  readonly reasonCode: Command['reasonCode'];
  readonly latencyMs: number | null;
  readonly actor: Actor | null;
  /** Asked for on this screen. */
  readonly mine: boolean;
  readonly at: number;
  /** Last change and last report when it ended. */
  readonly change: string;
  readonly reportedAt: string | null;
}

export interface Entry {
  readonly switch: Switch;
  /** The connection over which `switch` came. */
  readonly connection: number;
  /** When the last change happened, in local milliseconds; null when neither seen nor dated. */
  readonly changedAt: number | null;
  /** When the last command settled, likewise. */
  readonly triedAt: number | null;
  readonly tap: Tap | null;
  readonly outcome: Outcome | null;
}

export interface Panel {
  /** False until the gateway has listed its switches once. */
  readonly loaded: boolean;
  /** Counts connections, so that states from an earlier one can be told from current ones. */
  readonly connection: number;
  readonly entries: ReadonlyMap<string, Entry>;
  /** Removed during this connection: an older list must not bring them back. */
  readonly removed: ReadonlySet<string>;
  /** How far the gateway's clock is ahead of this one, milliseconds. */
  readonly clockAheadMs: number;
}

export const emptyPanel = (clockAheadMs = 0): Panel => ({
  loaded: false,
  connection: 0,
  entries: new Map(),
  removed: new Set(),
  clockAheadMs,
});

/** Names a change, so that two can be told apart without an untrusted clock. */
export function changeKey({ lastChange: change }: Switch): string {
  return change ? JSON.stringify([change.on, change.at, change.actor, change.command?.id]) : '';
}

export const connected = (panel: Panel): Panel => ({
  ...panel,
  connection: panel.connection + 1,
  removed: new Set(),
});

/**
 * The list asked for during connection `connection`. It may be older than changes that came meanwhile: those
 * win. Switches it lacks are gone, unless a change told of them since.
 */
export function listed(panel: Panel, connection: number, list: readonly Switch[], now: number): Panel {
  if (connection !== panel.connection) return panel;
  let next: Panel = { ...panel, loaded: true };
  for (const one of list) {
    const told = panel.removed.has(one.id) || panel.entries.get(one.id)?.connection === connection;
    if (!told) next = changed(next, one, now);
  }
  const ids = new Set(list.map((one) => one.id));
  const kept = [...next.entries].filter(([id, entry]) => ids.has(id) || entry.connection === connection);
  return { ...next, entries: new Map(kept) };
}

/** A switch as the gateway now shows it. */
export function changed(panel: Panel, fresh: Switch, now: number): Panel {
  const before = panel.entries.get(fresh.id);
  const removed = new Set(panel.removed);
  removed.delete(fresh.id);
  return {
    ...put(panel, {
      switch: fresh,
      connection: panel.connection,
      changedAt: changedAt(panel, before, fresh, now),
      triedAt: triedAt(panel, before, fresh, now),
      tap: before?.tap ?? null,
      outcome: before?.outcome && stillStands(before.outcome, fresh) ? before.outcome : null,
    }),
    removed,
  };
}

/** A change that was watched is dated by this clock, one that was missed by the gateway's. */
function changedAt(panel: Panel, before: Entry | undefined, fresh: Switch, now: number): number | null {
  if (before && changeKey(before.switch) === changeKey(fresh)) return before.changedAt;
  if (before?.connection === panel.connection) return now;
  return fresh.lastChange?.at ? Date.parse(fresh.lastChange.at) - panel.clockAheadMs : null;
}

function triedAt(panel: Panel, before: Entry | undefined, fresh: Switch, now: number): number | null {
  if (before && before.switch.lastCommand?.id === fresh.lastCommand?.id) return before.triedAt;
  if (before?.connection === panel.connection) return now;
  return fresh.lastCommand?.settledAt ? Date.parse(fresh.lastCommand.settledAt) - panel.clockAheadMs : null;
}

/**
 * Names and places from a newer list, leaving states as the changes told them: a renamed room may be no change
 * of its switches to the gateway.
 */
export function arranged(panel: Panel, list: readonly Switch[]): Panel {
  const entries = new Map(panel.entries);
  for (const { id, name, room, device } of list) {
    const entry = entries.get(id);
    if (entry) entries.set(id, { ...entry, switch: { ...entry.switch, name, room, device } });
  }
  return { ...panel, entries };
}

export function removed(panel: Panel, id: string): Panel {
  const entries = new Map(panel.entries);
  entries.delete(id);
  return { ...panel, entries, removed: new Set(panel.removed).add(id) };
}

/** A person asked for a state here. A later tap takes the place of an earlier one. */
export function tapped(panel: Panel, switchId: string, tapId: number, on: boolean): Panel {
  return edit(panel, switchId, (entry) => ({
    ...entry,
    tap: { id: tapId, on, basis: changeKey(entry.switch) },
    outcome: null,
  }));
}

/** The gateway answered tap `tapId`. An answer to a tap that was replaced meanwhile is not shown. */
export function answered(panel: Panel, tapId: number, command: Command, now: number, live: boolean): Panel {
  const id = command.switch.id;
  const tap = panel.entries.get(id)?.tap;
  // Without a live connection the answer is the freshest word there is; with one, changes come in order there.
  const next = live ? panel : changed(panel, command.switch, now);
  return edit(next, id, (entry) => {
    if (tap?.id !== tapId) return entry;
    const overtaken =
      command.outcome === 'CONFIRMED' &&
      entry.switch.on !== command.on &&
      changeKey(entry.switch) !== tap.basis &&
      entry.switch.lastChange?.command?.id !== command.id;
    return { ...entry, tap: null, outcome: overtaken ? null : outcomeOf(entry.switch, command, true, now) };
  });
}

/** The gateway made no command of tap `tapId`; `reason` is for people. */
export function failed(panel: Panel, switchId: string, tapId: number, reason: string, now: number): Panel {
  return edit(panel, switchId, (entry) =>
    entry.tap?.id !== tapId
      ? entry
      : {
          ...entry,
          tap: null,
          outcome: {
            commandId: null,
            on: entry.tap.on,
            kind: 'FAILED',
            reason,
            reasonCode: null,
            latencyMs: null,
            actor: null,
            mine: true,
            at: now,
            change: changeKey(entry.switch),
            reportedAt: entry.switch.reportedAt,
          },
        },
  );
}

/**
 * The command whose end this screen has not been told: it was open `before`, nothing is open `after`, and the
 * relay did not move for it. Null when there is none, or when the answer to a tap here will tell.
 */
export function unexplained(before: Entry | undefined, after: Entry): string | null {
  const id = before?.switch.openCommand?.id;
  if (!id || after.switch.openCommand || after.tap) return null;
  if (after.outcome?.commandId === id || after.switch.lastChange?.command?.id === id) return null;
  return id;
}

/** How a command ended that was asked for on another screen. */
export function observed(panel: Panel, command: Command, now: number): Panel {
  return edit(panel, command.switch.id, (entry) => {
    const overtaken = entry.tap || entry.switch.openCommand || (entry.outcome?.at ?? 0) > now;
    if (overtaken || command.outcome === 'OPEN') return entry;
    if (command.outcome === 'CONFIRMED' && entry.switch.on !== command.on) return entry;
    return { ...entry, outcome: outcomeOf(entry.switch, command, false, now) };
  });
}

function outcomeOf(at: Switch, command: Command, mine: boolean, now: number): Outcome {
  return {
    commandId: command.id,
    on: command.on,
    kind: command.outcome,
    reason: command.reason,
    reasonCode: command.reasonCode,
    latencyMs: command.latencyMs,
    actor: command.actor,
    mine,
    at: now,
    change: changeKey(at),
    reportedAt: at.reportedAt,
  };
}

/** Whether an outcome is still the newest word about a switch that now looks like this. */
function stillStands(outcome: Outcome, fresh: Switch): boolean {
  const sameChange = changeKey(fresh) === outcome.change;
  if (outcome.kind === 'TIMED_OUT') return sameChange && fresh.reportedAt === outcome.reportedAt;
  if (outcome.kind === 'OFFLINE' && fresh.availability === 'ONLINE') return false;
  return sameChange || (outcome.commandId !== null && fresh.lastChange?.command?.id === outcome.commandId);
}

function edit(panel: Panel, id: string, change: (entry: Entry) => Entry): Panel {
  const entry = panel.entries.get(id);
  return entry ? put(panel, change(entry)) : panel;
}

const put = (panel: Panel, entry: Entry): Panel => ({
  ...panel,
  entries: new Map(panel.entries).set(entry.switch.id, entry),
});
