/** Notices of the fake gateway. */
import type { Notice } from '../src/api/notices';
import { inside, known, type ById, type Input } from './asking';
import type { World } from './world';

export class Notices extends Map<string, Notice> {
  constructor(private readonly world: World) {
    super();
  }

  /** Something went wrong; the same once more counts up. */
  add(code: string, facts: Pick<Notice, 'severity' | 'subject' | 'message' | 'advice'>, times = 1): void {
    const at = new Date().toISOString();
    const known = [...this.values()].find((one) => one.code === code && one.subject === facts.subject);
    const notice = known
      ? { ...known, at, times: known.times + times }
      : { ...facts, id: this.world.id('n'), code, times, firstAt: at, at };
    this.set(notice.id, notice);
    this.world.tell({ kind: 'notice', id: notice.id });
  }

  dismiss(id: string): void {
    this.delete(id);
    this.world.tell({ kind: 'notice-removed', id });
  }
}

export const noticeQueries = (world: World) => ({
  notices: inside(world, () => ({ nodes: [...world.notices.values()].toReversed() })),
});

export const noticeMutations = (world: World) => ({
  dismissNotice: inside(world, ({ input: { id } }: Input<ById>) => {
    known(world.notices, id);
    world.notices.dismiss(id);
    return true;
  }),
});
