import * as api from '../api/backups';
import type { Live } from './live.svelte';

/** How often it is looked how far a backup is. */
const LOOK_MS = 1_000;

/** How the backups of the home stand. */
export class Backups {
  /** null until read. */
  now = $state.raw<api.Backups | null>(null);
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly live: Live) {}

  /** Reads them, and again for as long as one is being made.
   * @throws ApiError */
  load = (): Promise<void> =>
    this.live.checked(async () => {
      this.now = await api.backups();
      if (this.now.making) this.#soon();
    });

  /** @throws ApiError */
  createKey = (): Promise<string> =>
    this.live.checked(async () => {
      const key = await api.createRecoveryKey();
      this.#soon();
      return key;
    });

  /** @throws ApiError */
  backUp = (): Promise<void> =>
    this.live.checked(async () => {
      await api.backUpNow();
      if (this.now) this.now = { ...this.now, making: true };
      this.#soon();
    });

  stop(): void {
    clearTimeout(this.#timer);
  }

  #soon(): void {
    clearTimeout(this.#timer);
    // What cannot be read now is read the next time.
    this.#timer = setTimeout(() => void this.load().catch(() => this.#soon()), LOOK_MS);
  }
}
