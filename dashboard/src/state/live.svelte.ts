import {
  deleteDevice,
  devices,
  onDeviceChanged,
  onDeviceRemoved,
  releaseDevice,
  setBehindRepeater,
  rotateCredential,
  updateDevice,
  type Device,
} from '../api/devices';
import { ApiError } from '../api/error';
import * as backupsApi from '../api/backups';
import * as boardsApi from '../api/boards';
import * as flashingApi from '../api/flashing';
import * as givingApi from '../api/giving';
import * as noticesApi from '../api/notices';
import { onAccessChanged } from '../api/people';
import * as roomsApi from '../api/rooms';
import { openSocket, type Socket } from '../api/socket';
import * as switchesApi from '../api/switches';
import * as wifiApi from '../api/wifi';
import { summarise, type Summary } from '../model/apply';
import { card, statusOf, type Card } from '../model/card';
import { messageFor } from '../model/messages';
import * as panel from '../model/panel';
import { ofRemoval } from '../model/board-settings';
import { compareNames } from '../model/rooms';
import { ago } from '../model/time';
import { Listed } from './listed.svelte';

const CLOCK_TICK_MS = 5_000;

/**
 * The home as this screen knows it: joins the gateway's messages and the person's taps to the model's folds.
 * Pages read it and call it; they never ask the gateway themselves.
 */
export class Live {
  panel = $state.raw(panel.emptyPanel());
  /** Those that are plugged in; null until told, which an owner alone is. */
  boards = $state.raw<readonly boardsApi.Board[] | null>(null);
  claims = $state.raw<readonly boardsApi.ToldClaim[]>([]);
  /** The last time that boards were given another network; null when they were not, and for who is no owner. */
  wifiChange = $state.raw<wifiApi.WifiChange | null>(null);
  /** How backups stand; null until told, which an owner alone is. */
  backups = $state.raw<backupsApi.Backups | null>(null);
  rooms = $state.raw<readonly roomsApi.Room[]>([]);
  /** null until the first connection stands or fails. */
  connected = $state<boolean | null>(null);
  /** Local milliseconds, a few seconds coarse: for "3 min ago". */
  now = $state(Date.now());
  /** The newest end of a tap made here, for those who listen rather than look. */
  announcement = $state('');

  readonly #expired: () => void;
  readonly #clock: ReturnType<typeof setInterval>;
  readonly #socket: Socket;
  readonly #devices = new Listed<Device>();
  readonly #notices = new Listed<noticesApi.Notice>();
  #taps = 0;

  /** How often rights or people changed since this screen opened: what rests on them is asked for again. */
  accessChanges = $state(0);

  constructor(clockAheadMs: number, expired: () => void, accessChanged: () => void) {
    this.panel = panel.emptyPanel(clockAheadMs);
    this.#expired = expired;
    this.#clock = setInterval(() => (this.now = Date.now()), CLOCK_TICK_MS);
    this.#socket = openSocket({
      connected: () => {
        this.connected = true;
        this.panel = panel.connected(this.panel);
        void this.refresh();
      },
      disconnected: () => (this.connected = false),
      expired,
    });
    switchesApi.onSwitchChanged(this.#socket, (changed) => this.#changed(changed));
    switchesApi.onSwitchRemoved(this.#socket, (id) => (this.panel = panel.removed(this.panel, id)));
    onDeviceChanged(this.#socket, (device) => this.#devices.changed(device));
    onDeviceRemoved(this.#socket, (id) => this.#devices.removed(id));
    boardsApi.onBoardsChanged(this.#socket, (boards) => (this.boards = boards));
    boardsApi.onClaimsChanged(this.#socket, (claims) => (this.claims = claims));
    wifiApi.onWifiChanged(this.#socket, (change) => (this.wifiChange = change));
    backupsApi.onBackupsChanged(this.#socket, (backups) => (this.backups = backups));
    noticesApi.onNoticeChanged(this.#socket, (notice) => this.#notices.changed(notice));
    noticesApi.onNoticeRemoved(this.#socket, (id) => this.#notices.removed(id));
    onAccessChanged(this.#socket, () => {
      this.accessChanges += 1;
      accessChanged();
      void this.rearrange();
    });
    // The lists come even where a proxy lets no WebSocket through.
    void this.refresh();
  }

  get devices(): ReadonlyMap<string, Device> {
    return this.#devices.all;
  }

  get notices(): ReadonlyMap<string, noticesApi.Notice> {
    return this.#notices.all;
  }

  /** Milliseconds since 1970, by the gateway's clock. */
  gatewayNow = (): number => Date.now() + this.panel.clockAheadMs;

  /** How long ago something happened by the gateway's clock: "3 min ago". */
  since = (at: string): string => ago(this.now - (Date.parse(at) - this.panel.clockAheadMs));

  /** The switches that whoever looks may move, by name. */
  get operable(): switchesApi.Switch[] {
    return [...this.panel.entries.values()]
      .map((entry) => entry.switch)
      .filter((one) => one.mayOperate)
      .toSorted(compareNames);
  }

  stop(): void {
    clearInterval(this.#clock);
    this.#socket.close();
  }

  /**
   * Asks for every list again: after a connection was lost, or when something was renamed or moved.
   * Answers the switches, or null when the gateway did not.
   */
  async refresh(): Promise<switchesApi.Switch[] | null> {
    const { connection } = this.panel;
    void this.#readNotices();
    try {
      const [switches, rooms] = await Promise.all([
        switchesApi.switches(),
        roomsApi.rooms(),
        this.#devices.read(devices),
      ]);
      this.#tick();
      this.panel = panel.listed(this.panel, connection, switches, this.now);
      this.rooms = rooms.toSorted(compareNames);
      return switches;
    } catch (error) {
      // What is asked in the background fails without a word: the banner tells that the gateway is away.
      this.#checkSession(error);
      return null;
    }
  }

  /** Asks for what the card of this switch offers. The card itself tells how it ends. */
  async tap(switchId: string): Promise<void> {
    const entry = this.panel.entries.get(switchId);
    if (!entry) return;
    const { next } = card(entry, this.now);
    const tap = this.#tapped(switchId, next);
    try {
      this.#answered(tap, await switchesApi.setSwitch(switchId, next));
    } catch (error) {
      this.#failed(switchId, tap, error);
    }
    this.#announce(switchId);
  }

  /**
   * Asks for several states at once.
   * @throws ApiError when the gateway took none of them
   */
  async apply(wanted: ReadonlyMap<string, boolean>): Promise<Summary> {
    const inputs = [...wanted].map(([switchId, on]) => ({ switchId, on }));
    const taps = new Map(inputs.map(({ switchId, on }) => [switchId, this.#tapped(switchId, on)]));
    try {
      const results = await switchesApi.setSwitches(inputs);
      for (const { switchId, command, code } of results) {
        const tap = taps.get(switchId) ?? 0;
        if (command) this.#answered(tap, command);
        else
          this.#failed(
            switchId,
            tap,
            new ApiError('INTERNAL', messageFor({ code: code ?? '', message: '', retryAfterMs: null })),
          );
      }
      return summarise(results, (id) => this.panel.entries.get(id)?.switch.name ?? 'A switch');
    } catch (error) {
      for (const [switchId, tap] of taps) this.#failed(switchId, tap, error);
      throw error;
    }
  }

  createRoom = (name: string) => this.#change(() => roomsApi.createRoom(name));
  renameRoom = (id: string, name: string) => this.#change(() => roomsApi.renameRoom(id, name));
  deleteRoom = (id: string) => this.#change(() => roomsApi.deleteRoom(id));
  updateSwitch = (input: Parameters<typeof switchesApi.updateSwitch>[0]) =>
    this.#change(() => switchesApi.updateSwitch(input));
  updateDevice = (input: Parameters<typeof updateDevice>[0]) => this.#change(() => updateDevice(input));
  /** What is to be said of the device that was deleted last; empty when its board forgot the home. */
  removal = $state('');
  /** It was read: whoever leaves the page where it stood is told no more of it. */
  forgetRemoval = (): void => {
    this.removal = '';
  };
  /** @throws ApiError */
  async deleteDevice(id: string): Promise<void> {
    const name = this.devices.get(id)?.name ?? 'The device';
    await this.#change(async () => {
      this.removal = ofRemoval(name, await deleteDevice(id));
    });
  }

  /** @throws ApiError */
  claimDevice = (input: boardsApi.ClaimDeviceInput) => this.checked(() => boardsApi.claimDevice(input));
  /** @throws ApiError */
  confirmClaim = (id: string, number: number) => this.checked(() => boardsApi.confirmClaim(id, number));

  cancelClaim = (id: string) => this.checked(() => boardsApi.cancelClaim(id));
  /** @throws ApiError */
  identifyBoard = (id: string) => this.checked(() => boardsApi.identifyBoard(id));

  /** @throws ApiError */
  changeWifi = (input: wifiApi.ChangeWifiInput) => this.checked(() => wifiApi.changeWifi(input));

  /** @throws ApiError */
  createRecoveryKey = () => this.checked(backupsApi.createRecoveryKey);
  /** @throws ApiError */
  backUpNow = () => this.checked(backupsApi.backUpNow);

  /** @throws ApiError */
  firmwareImages = () => this.checked(flashingApi.firmwareImages);
  /** @throws ApiError */
  flashBoard = (input: flashingApi.FlashBoardInput) => this.checked(() => flashingApi.flashBoard(input));
  /** @throws ApiError */
  cancelFlash = (boardId: string) => this.checked(() => flashingApi.cancelFlash(boardId));

  /** @throws ApiError */
  giveWifi = (input: givingApi.GiveWifiInput) => this.checked(() => givingApi.giveWifi(input));
  /** @throws ApiError */
  cancelGiveWifi = (boardId: string) => this.checked(() => givingApi.cancelGiveWifi(boardId));

  /** Gives a board another password. @throws ApiError */
  rotateCredential = (deviceId: string) =>
    this.checked(async () => {
      const device = await rotateCredential(deviceId);
      this.#devices.changed(device);
      return device;
    });

  /** @throws ApiError */
  releaseDevice = (input: Parameters<typeof releaseDevice>[0]) =>
    this.checked(async () => this.#devices.changed(await releaseDevice(input)));

  /** @throws ApiError */
  setBehindRepeater = (input: Parameters<typeof setBehindRepeater>[0]) =>
    this.checked(async () => this.#devices.changed(await setBehindRepeater(input)));

  /** @throws ApiError */
  async dismissNotice(id: string): Promise<void> {
    try {
      await noticesApi.dismissNotice(id);
    } catch (error) {
      this.#checkSession(error);
      // Dismissed on another screen meanwhile.
      if (problemOf(error).code !== 'NOT_FOUND') throw error;
    }
    this.#notices.removed(id);
  }

  /** Changes the home's furniture, then reads it again. @throws ApiError */
  async #change(act: () => Promise<unknown>): Promise<void> {
    await this.checked(act);
    await this.rearrange();
  }

  /** Asks the gateway: what is refused because the session is over ends it here too. @throws ApiError */
  async checked<T>(act: () => Promise<T>): Promise<T> {
    try {
      return await act();
    } catch (error) {
      this.#checkSession(error);
      throw error;
    }
  }

  /** Reads names and places again: no subscription tells when another screen renames a room. */
  async rearrange(): Promise<void> {
    const switches = await this.refresh();
    if (switches) this.panel = panel.arranged(this.panel, switches);
  }

  #changed(fresh: switchesApi.Switch): void {
    this.#tick();
    const before = this.panel.entries.get(fresh.id);
    this.panel = panel.changed(this.panel, fresh, this.now);
    const after = this.panel.entries.get(fresh.id);
    const open = after && panel.unexplained(before, after);
    if (open) void this.#explain(open);
  }

  /** A command of another screen ended without moving the relay: why? */
  async #explain(commandId: string): Promise<void> {
    try {
      const command = await switchesApi.command(commandId);
      this.#tick();
      if (command) this.panel = panel.observed(this.panel, command, this.now);
    } catch (error) {
      this.#checkSession(error);
    }
  }

  async #readNotices(): Promise<void> {
    try {
      await this.#notices.read(noticesApi.notices);
    } catch (error) {
      this.#checkSession(error);
    }
  }

  #tapped(switchId: string, on: boolean): number {
    this.#taps += 1;
    this.panel = panel.tapped(this.panel, switchId, this.#taps, on);
    return this.#taps;
  }

  #answered(tap: number, command: switchesApi.Command): void {
    this.#tick();
    this.panel = panel.answered(this.panel, tap, command, this.now, this.connected === true);
  }

  #failed(switchId: string, tap: number, error: unknown): void {
    this.#checkSession(error);
    this.#tick();
    this.panel = panel.failed(this.panel, switchId, tap, messageFor(problemOf(error)), this.now);
  }

  #announce(switchId: string): void {
    const entry = this.panel.entries.get(switchId);
    const shown: Card | null = entry ? card(entry, this.now) : null;
    if (shown) this.announcement = `${shown.name}: ${statusOf(shown)}`;
  }

  #checkSession(error: unknown): void {
    const { code } = problemOf(error);
    if (code === 'UNAUTHENTICATED' || code === 'GATEWAY_UNCLAIMED') this.#expired();
  }

  #tick(): void {
    this.now = Date.now();
  }
}

/** Anything thrown, as something that can be told to a person. */
export function problemOf(error: unknown): ApiError {
  return error instanceof ApiError ? error : new ApiError('INTERNAL', String(error));
}
