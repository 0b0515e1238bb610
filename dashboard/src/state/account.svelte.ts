import * as api from '../api/account';
import { createRecoveryCode } from '../api/recovery';
import type { Live } from './live.svelte';
import type { Session } from './session.svelte';

/** The person who is signed in: for their own page. */
export class Account {
  /** null until read. */
  sessions = $state.raw<readonly api.SignIn[] | null>(null);
  /** null until read. */
  addresses = $state.raw<api.Addresses | null>(null);

  /** null until read. */
  waysIn = $state.raw<Awaited<ReturnType<typeof api.waysIn>> | null>(null);

  constructor(
    private readonly live: Live,
    private readonly session: Session,
  ) {}

  /** @throws ApiError */
  load = () =>
    this.live.checked(async () => {
      [this.sessions, this.waysIn, this.addresses] = await Promise.all([
        api.sessions(),
        api.waysIn(),
        api.addresses(),
      ]);
    });

  /** Another e-mail address, which waits until it is confirmed; null takes away what there is. @throws ApiError */
  setEmail = (email: string | null, password?: string) =>
    this.live.checked(async () => {
      this.addresses = await api.setEmail(email, password);
    });

  /** @throws ApiError */
  rename = (name: string) =>
    this.live.checked(async () => {
      this.session.renamed(await api.renameViewer(name));
    });

  /** Signs the person out everywhere else. @throws ApiError */
  changePassword = (current: string | null, wanted: string) =>
    this.live.checked(async () => {
      await api.changePassword({ current, new: wanted });
      if (this.waysIn) this.waysIn = { ...this.waysIn, hasPassword: true };
      this.#onlyThis();
    });

  /** Leaves for the provider. @throws ApiError */
  link = (password: string) =>
    this.live.checked(async () => location.assign(await api.linkProvider(password)));

  /** @throws ApiError */
  unlink = (id: string) =>
    this.live.checked(async () => {
      await api.unlinkProvider(id);
      const left = this.waysIn?.identities.filter((one) => one.id !== id) ?? [];
      if (this.waysIn) this.waysIn = { ...this.waysIn, identities: left };
    });

  /** A code for the recovery sheet; an earlier one is good for nothing then. @throws ApiError */
  createRecoveryCode = () => this.live.checked(createRecoveryCode);

  /** @throws ApiError */
  end = (id: string) =>
    this.live.checked(async () => {
      await api.deleteSession(id);
      this.sessions = this.sessions?.filter((one) => one.id !== id) ?? null;
    });

  /** @throws ApiError */
  endOthers = () =>
    this.live.checked(async () => {
      await api.deleteOtherSessions();
      this.#onlyThis();
    });

  #onlyThis(): void {
    this.sessions = this.sessions?.filter((one) => one.current) ?? null;
  }
}
