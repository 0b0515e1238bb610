import { passwordEstimate, type PasswordEstimate } from '../api/passwords';
import { missingFrom } from '../model/passwords';
import { problemOf } from './live.svelte';

/** How long typing rests before the gateway is asked. */
const REST_MS = 300;

/** What the gateway thinks of a password that is being typed. It alone decides: the page has no rules of its own. */
export class PasswordMeter {
  /** null until the gateway has judged what stands there now. */
  estimate = $state.raw<PasswordEstimate | null>(null);

  #timer: ReturnType<typeof setTimeout> | undefined;
  #asked = 0;
  /** A code that is no good: asking with it again would count as one more attempt. */
  #badCode = '';

  /**
   * Tells what stands in the field now. `names` are those that who guesses would try. `code` is the one-time code of
   * who is not signed in, and null for who is.
   */
  typed(password: string, names: readonly string[], code: string | null): void {
    clearTimeout(this.#timer);
    this.#asked += 1;
    this.estimate = null;
    if (missingFrom(password) > 0 || code === '' || code === this.#badCode) return;
    const mine = this.#asked;
    this.#timer = setTimeout(() => void this.#ask(mine, password, names, code), REST_MS);
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#asked += 1;
  }

  async #ask(mine: number, password: string, names: readonly string[], code: string | null): Promise<void> {
    try {
      const given = names.map((name) => name.trim()).filter(Boolean);
      const estimate = await passwordEstimate({ password, names: given, code });
      if (mine === this.#asked) this.estimate = estimate;
    } catch (error) {
      // Without a judgement the password is judged when it is sent.
      if (problemOf(error).field === 'code' && code !== null) this.#badCode = code;
    }
  }
}
