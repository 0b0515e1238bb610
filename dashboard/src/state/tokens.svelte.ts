import * as api from '../api/tokens';
import type { Live } from './live.svelte';

/** The tokens of programs. */
export class Tokens {
  /** null until read. */
  all = $state.raw<readonly api.Token[] | null>(null);

  constructor(private readonly live: Live) {}

  /** @throws ApiError */
  load = () =>
    this.live.checked(async () => {
      this.all = await api.tokens();
    });

  /** @throws ApiError */
  create = (input: api.CreateTokenInput) =>
    this.live.checked(async () => {
      const created = await api.createToken(input);
      this.all = [...(this.all ?? []), created.token];
      return created;
    });

  /** @throws ApiError */
  delete = (id: string) =>
    this.live.checked(async () => {
      await api.deleteToken(id);
      this.all = this.all?.filter((one) => one.id !== id) ?? null;
    });
}
