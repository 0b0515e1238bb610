import * as api from '../api/invitations';
import type { Live } from './live.svelte';

/** Who is invited: for the page about people. */
export class Invitations {
  /** null until read. */
  all = $state.raw<readonly api.Invitation[] | null>(null);
  /** Whether the gateway can mail one. */
  mail = $state(false);

  constructor(private readonly live: Live) {}

  /** @throws ApiError */
  load = () =>
    this.live.checked(async () => {
      const { open, mail } = await api.invitations();
      this.all = open;
      this.mail = mail;
    });

  /** @throws ApiError */
  create = (input: api.CreateInvitationInput) =>
    this.live.checked(async () => {
      const created = await api.createInvitation(input);
      this.all = [...(this.all ?? []), created.invitation];
      return created;
    });

  /** @throws ApiError */
  takeBack = (id: string) =>
    this.live.checked(async () => {
      await api.deleteInvitation(id);
      this.all = this.all?.filter((one) => one.id !== id) ?? null;
    });
}
