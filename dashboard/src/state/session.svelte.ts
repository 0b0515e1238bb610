import { ApiError } from '../api/error';
import * as erasing from '../api/factory-reset';
import * as invitations from '../api/invitations';
import { resetPassword } from '../api/recovery';
import * as api from '../api/session';
import { openGuestLink } from '../api/sharing';
import type { Provider } from '../model/provider';

/** `anew`: the gateway starts anew, with another home or with none. */
export type Stage = 'starting' | 'unreachable' | 'anew' | 'unclaimed' | 'signed-out' | 'signed-in';

const TRY_AGAIN_MS = 3_000;

/** How often it is looked whether a gateway that starts anew is there. */
const ANEW_MS = 500;

/** Who is here, and what they have to do before they see the home. */
export class Session {
  stage = $state<Stage>('starting');
  viewer = $state.raw<NonNullable<api.Presence['viewer']> | null>(null);
  home = $state.raw<api.Home | null>(null);
  /** By whose word people sign in here, too. */
  provider = $state.raw<Provider | null>(null);
  /** Why the person stands at the sign-in page again. */
  notice = $state('');
  /** Whether the home was claimed on this screen just now: there is something to do that is done at no other time. */
  newOwner = $state(false);
  /** Whether the password was replaced on this screen just now: what else lets somebody in is to be looked at. */
  newPassword = $state(false);
  /** What boards made of it, when the home was taken away on this screen just now. */
  erased = $state.raw<erasing.Erased | null>(null);
  /** Whether the gateway sends mail. */
  mail = $state(false);
  /** How far the gateway's clock is ahead of this one, milliseconds. */
  clockAheadMs = 0;

  /** Asks the gateway, and goes on asking while it cannot be reached. */
  async start(): Promise<void> {
    try {
      const { gateway, viewer } = await api.whoIsHere();
      if (gateway.time) this.clockAheadMs = Date.parse(gateway.time) - Date.now();
      this.mail = gateway.signInWays.mail;
      this.viewer = viewer;
      this.provider = gateway.signInWays.provider;
      if (!gateway.claimed) {
        this.stage = 'unclaimed';
      } else if (!viewer) {
        this.stage = 'signed-out';
      } else {
        this.home = await api.home();
        this.notice = '';
        this.stage = 'signed-in';
      }
    } catch (error) {
      const code = error instanceof ApiError ? error.code : 'INTERNAL';
      if (code === 'UNAUTHENTICATED') this.stage = 'signed-out';
      else if (code === 'GATEWAY_UNCLAIMED') this.stage = 'unclaimed';
      else {
        this.stage = 'unreachable';
        setTimeout(() => void this.start(), TRY_AGAIN_MS);
      }
    }
  }

  /** The gateway starts anew, with another home: it is asked until it is there again, with an owner. */
  startsAnew(): void {
    this.erased = null;
    this.stage = 'anew';
    void this.#until(true, 'The home is restored. Sign in as before.');
  }

  /** Takes the home away for good; the gateway is asked until it is there again, as nobody's. @throws ApiError */
  factoryReset = async (input: erasing.FactoryResetInput): Promise<void> => {
    this.erased = await erasing.factoryReset(input);
    this.#leave('');
    this.stage = 'anew';
    void this.#until(false, '');
  };

  async #until(claimed: boolean, notice: string): Promise<void> {
    try {
      const { gateway } = await api.whoIsHere();
      if (gateway.claimed === claimed) {
        this.notice = notice;
        return await this.start();
      }
    } catch {
      // It is on its way.
    }
    setTimeout(() => void this.#until(claimed, notice), ANEW_MS);
  }

  /** @throws ApiError when the gateway refuses */
  async claim(input: Parameters<typeof api.claimGateway>[0]): Promise<void> {
    await api.claimGateway(input);
    this.erased = null;
    this.newOwner = true;
    await this.start();
  }

  /** Sets another password with a one-time code, and is in. @throws ApiError when the gateway refuses */
  async resetPassword(code: string, password: string): Promise<void> {
    await resetPassword({ code, password });
    this.newPassword = true;
    await this.#enter();
  }

  /** What the holder of a code is invited to; null when it is good for nothing. @throws ApiError */
  offer = (code: string) => invitations.offer(code);

  /** Becomes a person of the home, and is in. @throws ApiError when the gateway refuses */
  async join(input: Parameters<typeof invitations.acceptInvitation>[0]): Promise<void> {
    await invitations.acceptInvitation(input);
    await this.#enter();
  }

  /** Leaves for the provider, and comes back as a person of the home. @throws ApiError when the gateway refuses */
  async joinByProvider(input: Parameters<typeof invitations.acceptInvitationByProvider>[0]): Promise<void> {
    location.assign(await invitations.acceptInvitationByProvider(input));
  }

  /** @throws ApiError when the gateway refuses */
  async signIn(name: string, password: string): Promise<void> {
    await api.signIn({ name, password });
    await this.start();
  }

  /** @throws ApiError when the gateway cannot be reached: the session then still stands */
  async signOut(): Promise<void> {
    await api.signOut();
    this.#leave('');
  }

  /** The person has another name. */
  renamed(viewer: { name: string }): void {
    if (this.viewer) this.viewer = { ...this.viewer, name: viewer.name };
  }

  /** The home has another name, zone or contact. */
  moved(home: Pick<api.Home, 'name' | 'timeZone' | 'contact'>): void {
    if (this.home) this.home = { ...this.home, ...home };
  }

  /** Rights changed: who is here may be something else now. What cannot be asked stays as it was. */
  async refresh(): Promise<void> {
    try {
      const { viewer } = await api.whoIsHere();
      if (this.stage !== 'signed-in') return;
      if (viewer) this.viewer = viewer;
      else this.expired();
    } catch {
      // The connection tells when the gateway is away.
    }
  }

  /** Is in by a guest link, in the place of whoever was. @throws ApiError when the gateway refuses */
  async openGuestLink(token: string): Promise<void> {
    await openGuestLink(token);
    await this.#enter();
  }

  /** The gateway no longer knows this session. */
  expired(): void {
    if (this.stage !== 'signed-in') return;
    const guest = this.viewer?.kind === 'GUEST_LINK';
    this.#leave(guest ? 'Your guest link has ended.' : 'Your session has ended. Sign in again.');
  }

  /** Is in, in the place of whoever was: their frame goes, and its connection with it. */
  async #enter(): Promise<void> {
    this.stage = 'starting';
    await this.start();
  }

  #leave(notice: string): void {
    this.viewer = null;
    this.home = null;
    this.newPassword = false;
    this.notice = notice;
    this.stage = 'signed-out';
  }
}
