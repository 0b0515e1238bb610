import { deleteSession } from '../api/account';
import * as api from '../api/administration';
import { Integrations } from './integrations.svelte';
import { Invitations } from './invitations.svelte';
import type { Live } from './live.svelte';
import { People } from './people.svelte';
import { Tokens } from './tokens.svelte';

/** All that is stored, and whatever changes it: for the page of the owner. */
export class Administration {
  /** null until read. */
  found = $state.raw<api.Everything | null>(null);
  readonly people: People;
  readonly invitations: Invitations;
  readonly tokens: Tokens;
  readonly systems: Integrations;
  #search = '';
  /** The newest question: what an older one answers is not wanted any more. */
  #asked = 0;

  constructor(private readonly live: Live) {
    this.people = new People(live);
    this.invitations = new Invitations(live);
    this.tokens = new Tokens(live);
    this.systems = new Integrations(live);
  }

  /** Reads what has this text in it. @throws ApiError */
  find(search: string): Promise<void> {
    this.#search = search;
    return this.load();
  }

  /** Reads the same again. @throws ApiError */
  load = async (): Promise<void> => {
    this.#asked += 1;
    const mine = this.#asked;
    const found = await this.live.checked(() => api.everything(this.#search));
    if (mine === this.#asked) this.found = found;
  };

  /** Does something, then reads again what has become of all of it. */
  after =
    <Args extends unknown[], Answer>(act: (...args: Args) => Promise<Answer>) =>
    async (...args: Args): Promise<Answer> => {
      const done = await act(...args);
      await this.load();
      return done;
    };

  /** Whosever it is. @throws ApiError */
  endSession = (id: string) => this.live.checked(() => deleteSession(id));
}
