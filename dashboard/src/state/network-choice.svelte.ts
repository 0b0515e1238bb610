/** A network as a board sees it. */
interface Seen {
  ssid: string;
  rssi: number;
  protected: boolean;
}

/** Which Wi-Fi network a board is to be in, while a person chooses or types it. The password is kept here only, and goes with the form. */
export class NetworkChoice {
  /** What is chosen when the name is typed. */
  static readonly OTHER = '';

  chosen = $state('');
  typed = $state('');
  password = $state('');

  /** What the board sees, and the network that it was to be in before. */
  constructor(
    private readonly networks: () => readonly Seen[],
    before: string | null | undefined,
  ) {
    this.chosen = before ?? networks()[0]?.ssid ?? NetworkChoice.OTHER;
    this.typed = before ?? '';
  }

  /** The network, as far as the board sees it. */
  get known(): Seen | undefined {
    return this.networks().find((one) => one.ssid === this.chosen);
  }

  get seen(): readonly Seen[] {
    return this.networks();
  }

  get ssid(): string {
    return this.known ? this.chosen : this.typed;
  }

  /** Whether it takes no password, as far as the board can tell. */
  get open(): boolean {
    return this.known?.protected === false;
  }

  get wifi(): { ssid: string; password: string | null } {
    return { ssid: this.ssid, password: this.open ? null : this.password || null };
  }
}
