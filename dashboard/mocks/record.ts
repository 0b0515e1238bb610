/** Who did what in the fake home. */
import type { RecordFilter, RecordKind } from '../src/api/record';
import type { Actor } from '../src/api/switches';
import { inside } from './asking';
import type { MockCommand } from './commands';
import { Views } from './views';
import type { World } from './world';

export interface MockEntry {
  id: string;
  at: string | null;
  actor: Actor;
  what: RecordKind;
  subject: string;
  text: string;
  switchId: string | null;
  command: MockCommand | null;
  change: { on: boolean; at: string; actor: Actor | null } | null;
}

type Facts = Pick<MockEntry, 'actor' | 'what' | 'subject'> & Partial<MockEntry>;

export class RecordBook {
  /** The oldest first. */
  readonly entries: MockEntry[] = [];

  add(facts: Facts): void {
    this.entries.push({
      id: `e${this.entries.length}`,
      at: new Date().toISOString(),
      text: '',
      switchId: null,
      command: null,
      change: null,
      ...facts,
    });
  }
}

interface Asked {
  first?: number | null;
  after?: string | null;
  filter?: RecordFilter | null;
}

function wanted(entry: MockEntry, filter: RecordFilter): boolean {
  const text = filter.text?.toLowerCase();
  return (
    (!filter.kinds?.length || filter.kinds.includes(entry.what)) &&
    (!filter.switchIds?.length || filter.switchIds.includes(entry.switchId ?? '')) &&
    (!filter.from || (entry.at ?? '') >= filter.from) &&
    (!filter.to || (entry.at !== null && entry.at < filter.to)) &&
    (!text || [entry.actor.name, entry.subject, entry.text].some((it) => it.toLowerCase().includes(text)))
  );
}

export function recordQueries(world: World) {
  const views = new Views(world);
  return {
    record: inside(world, ({ first, after, filter }: Asked) => {
      const all = world.record.entries.toReversed();
      const begin = after ? all.findIndex((entry) => entry.id === after) + 1 : 0;
      // As the gateway does: a page may hold fewer than were asked for, and still have a next.
      const looked = all.slice(begin, begin + (first ?? 50));
      const shown = looked.filter((entry) => wanted(entry, filter ?? {}));
      return {
        edges: shown.map((entry) => ({
          cursor: entry.id,
          node: { ...entry, command: entry.command && views.command(entry.command) },
        })),
        pageInfo: {
          hasNextPage: begin + looked.length < all.length,
          hasPreviousPage: begin > 0,
          startCursor: looked[0]?.id,
          endCursor: looked.at(-1)?.id,
        },
      };
    }),
  };
}
