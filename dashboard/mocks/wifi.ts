/** Boards of the fake gateway that are given another network: they go as far as a test lets them. */
import type { ChangeWifiInput, WifiChange, WifiMove } from '../src/api/wifi';
import { inside, known, refuse, type Input } from './asking';
import type { World } from './world';

type State = WifiMove['state'];
type Told = Omit<WifiMove, 'device'> & { device: string };

export class Wifi {
  #change: (Omit<WifiChange, 'moves'> & { moves: Told[] }) | null = null;

  constructor(private readonly world: World) {}

  get change(): WifiChange | null {
    const device = (id: string) => {
      const found = this.world.devices.get(id);
      return found ? { id, name: found.name } : null;
    };
    return (
      this.#change && {
        ...this.#change,
        moves: this.#change.moves.map((one) => ({ ...one, device: device(one.device) })),
      }
    );
  }

  begin(ssid: string, by: string, devices: readonly string[]): void {
    const moves = devices.map((device) => ({ state: 'WAITING' as State, message: 'It waits.', device }));
    this.#change = { ssid, done: false, by: { name: by }, moves };
    this.#tell();
  }

  /** The board of a device is as far as this; when none is on its way, it is over. */
  move(name: string, state: State, message: string): void {
    const device = [...this.world.devices.values()].find((one) => one.name === name);
    const change = this.#change;
    if (!device || !change) throw new Error(`${name} is not on its way`);
    change.moves = change.moves.map((one) => (one.device === device.id ? { ...one, state, message } : one));
    change.done = change.moves.every((one) => !['WAITING', 'ASKED', 'TRYING'].includes(one.state));
    this.#tell();
  }

  #tell(): void {
    this.world.tell({ kind: 'wifi' });
  }
}

export const wifiMutations = (world: World) => ({
  changeWifi: inside(world, ({ input }: Input<ChangeWifiInput>, { session }) => {
    const { ssid, password } = input.wifi;
    if (password && password.length < 8) {
      const message =
        'The password of a network has 8 to 63 printable characters of ASCII, or is 64 hexadecimal digits.';
      throw refuse('BAD_INPUT', message, { field: 'password' });
    }
    const chosen = input.deviceIds ?? [...world.devices.keys()];
    for (const id of chosen) known(world.devices, id);
    world.wifi.begin(ssid, world.whoIs(session).name, chosen);
    return world.wifi.change;
  }),
});
