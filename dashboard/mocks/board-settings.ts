/** What an owner asks of a board beside moving its relays, as the fake gateway answers it. */
import type { RelaySettings, SettingsInput } from '../src/api/board-settings';
import { inside, known, type Input } from './asking';
import { Views } from './views';
import type { MockSwitch, World } from './world';

export const plainSettings = (): RelaySettings => ({
  powerOn: 'OFF',
  pulseMs: 0,
  interlockGroup: 0,
  wiring: { normallyClosed: false, activeLow: false },
});

const DONE = { outcome: 'CONFIRMED', reason: null, reasonCode: null } as const;
const AWAY = {
  outcome: 'OFFLINE',
  reason: 'The board is offline. Check its power and Wi-Fi.',
  reasonCode: 'OFFLINE',
} as const;
const ON = {
  outcome: 'REFUSED',
  reason: 'The relay is on. Turn it off first.',
  reasonCode: 'RELAY_ON',
} as const;

function take(it: MockSwitch, input: SettingsInput): void {
  const said = it.settings;
  if (input.normallyClosed != null || input.activeLow != null)
    said.wiring = {
      normallyClosed: input.normallyClosed ?? said.wiring?.normallyClosed ?? false,
      activeLow: input.activeLow ?? said.wiring?.activeLow ?? false,
    };
  if (input.interlockGroup != null) said.interlockGroup = input.interlockGroup;
  if (input.pulseMs != null) said.pulseMs = input.pulseMs;
  if (input.powerOn != null) said.powerOn = input.powerOn;
  if (said.pulseMs) said.powerOn = 'OFF';
}

export function boardSettingsMutations(world: World) {
  const views = new Views(world);
  const ask = (act: 'identified' | 'restarted') =>
    inside(world, ({ input: { deviceId } }: Input<{ deviceId: string }>) => {
      const it = known(world.devices, deviceId);
      if (it.availability === 'OFFLINE') return { ...AWAY, device: views.device(it) };
      world[act].push(it.name);
      return { ...DONE, device: views.device(it) };
    });
  return {
    identifyDevice: ask('identified'),
    restartDevice: ask('restarted'),
    updateSwitchSettings: inside(world, ({ input }: Input<SettingsInput>) => {
      const it = known(world.switches, input.switchId);
      const device = known(world.devices, it.deviceId);
      const answer = (what: object, field: string | null = null) => ({
        ...what,
        field,
        switch: views.switch(it),
      });
      if (device.availability === 'OFFLINE') return answer(AWAY, 'powerOn');
      if (it.on && (input.pulseMs ?? input.interlockGroup ?? input.normallyClosed ?? input.activeLow) != null)
        return answer(ON, 'wiring');
      take(it, input);
      world.deviceChanged(device);
      return answer(DONE);
    }),
  };
}
