import type { Switch } from '../api/switches';

export interface Group<Item> {
  /** null: in no room. */
  readonly id: string | null;
  readonly name: string;
  readonly items: readonly Item[];
}

const byName = new Intl.Collator(undefined, { numeric: true, sensitivity: 'base' });

export const compareNames = (a: { name: string }, b: { name: string }): number =>
  byName.compare(a.name, b.name);

/** Rooms by name, those in no room last; within a room by name. The order never depends on state. */
export function groupByRoom(switches: Iterable<Switch>): Group<Switch>[] {
  const groups = new Map<string | null, { id: string | null; name: string; items: Switch[] }>();
  for (const one of switches) {
    const id = one.room?.id ?? null;
    const group = groups.get(id) ?? { id, name: one.room?.name ?? 'No room', items: [] };
    group.items.push(one);
    groups.set(id, group);
  }
  for (const group of groups.values())
    group.items.sort((a, b) => compareNames(a, b) || (a.id < b.id ? -1 : 1));
  return [...groups.values()].sort(
    (a, b) => Number(a.id === null) - Number(b.id === null) || compareNames(a, b),
  );
}

interface Place {
  readonly id: string;
  readonly name: string;
}

/**
 * Where a switch can be put. It goes by its board's room until it has one of its own; which of the two is the case is not
 * told.
 */
export function placesOf(
  it: { readonly room: Place | null },
  boardRoom: Place | null,
  rooms: readonly Place[],
): { current: string | null; none: string; rooms: readonly Place[] } {
  return {
    current: it.room && it.room.id !== boardRoom?.id ? it.room.id : null,
    none: boardRoom ? `Where its board is: ${boardRoom.name}` : 'No room',
    rooms,
  };
}

/** What is asked before a room is deleted. */
export const deletingRoom = (act: () => Promise<unknown>) => ({
  label: 'Delete room',
  warning: 'Its switches and boards stay, without a room. What was shared of the room ends.',
  act,
});

/** What is asked before a device is deleted. */
export const deletingDevice = (switches: number, act: () => Promise<unknown>) => ({
  label: 'Delete device',
  warning: `Its board is told to forget this home, if it is there, and can log in no more; ${
    switches === 1 ? 'its switch goes' : `its ${switches} switches go`
  } with it, and what was shared of them. Its relays stay as they are, and what was done stays on record.`,
  act,
});
