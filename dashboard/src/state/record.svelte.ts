import * as api from '../api/record';
import type { Live } from './live.svelte';

const PAGE = 50;
/** Empty pages that are gone through by themselves before the person is asked whether to look further back. */
const LOOK_ON = 5;

/** The record as far as it was read: for its page alone. */
export class RecordReader {
  entries = $state.raw<readonly api.RecordEntry[]>([]);
  /** Whether there is more behind what is here. */
  more = $state(false);
  reading = $state(false);

  #filter: api.RecordFilter = {};
  #next: string | null = null;
  /** The newest reading: what an older one answers is not wanted any more. */
  #reading = 0;

  constructor(private readonly live: Live) {}

  /** Begins anew with another filter. @throws ApiError */
  async begin(filter: api.RecordFilter): Promise<void> {
    this.#filter = filter;
    this.#next = null;
    await this.#read([]);
  }

  /** Adds the next page. @throws ApiError */
  async readOn(): Promise<void> {
    if (!this.reading) await this.#read(this.entries);
  }

  async #read(before: readonly api.RecordEntry[]): Promise<void> {
    this.#reading += 1;
    const mine = this.#reading;
    this.reading = true;
    try {
      let found: readonly api.RecordEntry[] = [];
      for (let page = 0; page < LOOK_ON && found.length === 0; page += 1) {
        const answer = await this.live.checked(() => api.record(PAGE, this.#next, this.#filter));
        if (mine !== this.#reading) return;
        found = answer.entries;
        this.#next = answer.next;
        if (answer.next === null) break;
      }
      this.entries = [...before, ...found];
      this.more = this.#next !== null;
    } finally {
      if (mine === this.#reading) this.reading = false;
    }
  }
}
