import * as api from '../api/board-settings';
import { ApiError } from '../api/error';
import { outcomeOf } from '../model/board-settings';
import type { Live } from './live.svelte';

/** What one device's board says of its relays, and what is asked of it. */
export class BoardSettings {
  relays = $state.raw<readonly api.RelayOfBoard[]>([]);
  configurable = $state(true);

  readonly #live: Live;
  readonly #device: string;

  constructor(live: Live, device: string) {
    this.#live = live;
    this.#device = device;
  }

  /** Asks what the board has said. What could not be asked stays as it is: the page says that it is not connected. */
  async read(): Promise<void> {
    const device = await api.boardSettings(this.#device).catch(() => null);
    if (!device) return;
    this.relays = device.switches;
    this.configurable = device.configurable;
  }

  /** @throws ApiError */
  identify = () => this.#live.checked(() => api.identifyDevice(this.#device));
  /** @throws ApiError */
  restart = () => this.#live.checked(() => api.restartDevice(this.#device));

  /** Answers when the board keeps it. @throws ApiError when it does not, with what it said. */
  async update(input: api.SettingsInput): Promise<void> {
    const answer = await this.#live.checked(() => api.updateSwitchSettings(input));
    await this.read();
    const why = outcomeOf(answer);
    if (why) throw new ApiError('INTERNAL', why);
  }
}
