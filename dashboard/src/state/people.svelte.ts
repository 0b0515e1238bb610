import * as api from '../api/people';
import * as sharing from '../api/sharing';
import type { Live } from './live.svelte';

/** Who lives here, and what is shared with whom: for the pages about people. */
export class People {
  /** null until read. */
  members = $state.raw<readonly api.Member[] | null>(null);
  grants = $state.raw<readonly sharing.Grant[]>([]);
  links = $state.raw<readonly sharing.GuestLink[]>([]);

  constructor(private readonly live: Live) {}

  /** @throws ApiError */
  load = () =>
    this.live.checked(async () => {
      const [members, shared] = await Promise.all([api.members(), sharing.shared()]);
      this.members = members;
      this.grants = shared.grants;
      this.links = shared.guestLinks;
    });

  /** @throws ApiError */
  update = (input: api.UpdateMemberInput) => this.#change(() => api.updateMember(input));
  /** @throws ApiError */
  remove = (id: string) => this.#change(() => api.deleteMember(id));
  /** @throws ApiError */
  grant = (input: sharing.CreateGrantInput) => this.#change(() => sharing.createGrant(input));
  /** @throws ApiError */
  takeBack = (grantId: string) => this.#change(() => sharing.deleteGrant(grantId));
  /** @throws ApiError */
  createLink = (input: sharing.CreateGuestLinkInput) => this.#change(() => sharing.createGuestLink(input));
  /** @throws ApiError */
  deleteLink = (id: string) => this.#change(() => sharing.deleteGuestLink(id));

  /** One change can end much else: all of it is read again. */
  async #change<T>(act: () => Promise<T>): Promise<T> {
    const done = await this.live.checked(act);
    await this.load();
    return done;
  }
}
