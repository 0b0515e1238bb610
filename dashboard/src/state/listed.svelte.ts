/**
 * What the gateway lists, and tells the changes of, by id. A list says which are no more; what is told while it is read is
 * newer than it, whichever of the two arrives first.
 */
export class Listed<T extends { id: string }> {
  all = $state.raw<ReadonlyMap<string, T>>(new Map());

  /** What was told since each list that is being read was asked for. */
  readonly #reading = new Set<Map<string, T | null>>();

  /** @throws what `ask` throws; then all stays as it was. */
  async read(ask: () => Promise<readonly T[]>): Promise<void> {
    const told = new Map<string, T | null>();
    this.#reading.add(told);
    try {
      const read = new Map((await ask()).map((one) => [one.id, one]));
      for (const [id, one] of told) {
        if (one) read.set(id, one);
        else read.delete(id);
      }
      this.all = read;
    } finally {
      this.#reading.delete(told);
    }
  }

  changed(one: T): void {
    for (const told of this.#reading) told.set(one.id, one);
    this.all = new Map(this.all).set(one.id, one);
  }

  removed(id: string): void {
    for (const told of this.#reading) told.set(id, null);
    const left = new Map(this.all);
    left.delete(id);
    this.all = left;
  }
}
