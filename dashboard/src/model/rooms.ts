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
