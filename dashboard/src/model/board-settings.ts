/** Settings of a relay in words, and as a form holds them. */
import type { BoardAnswer, RelayOfBoard, RelaySettings, SettingsInput } from '../api/board-settings';

export const POWER_ON = [
  { value: 'OFF', name: 'Stay off' },
  { value: 'ON', name: 'Come on' },
  { value: 'RESTORE', name: 'As it was before' },
] as const;

export const CONTACTS = [
  { value: false, name: 'Normally open (NO)' },
  { value: true, name: 'Normally closed (NC)' },
] as const;

export const LEVELS = [
  { value: false, name: 'Pulls when its input is high' },
  { value: true, name: 'Pulls when its input is low' },
] as const;

export const GROUPS = [0, 1, 2, 3, 4].map((value) => ({
  value,
  name: value === 0 ? 'None' : `Group ${value}`,
}));

export interface Form {
  powerOn: 'OFF' | 'ON' | 'RESTORE';
  /** Whether it turns itself off. */
  pulses: boolean;
  /** As typed. */
  seconds: string;
  group: number;
  normallyClosed: boolean;
  activeLow: boolean;
}

export const formOf = (settings: RelaySettings): Form => ({
  powerOn: settings.powerOn ?? 'OFF',
  pulses: (settings.pulseMs ?? 0) > 0,
  seconds: String((settings.pulseMs || 500) / 1000),
  group: settings.interlockGroup ?? 0,
  normallyClosed: settings.wiring?.normallyClosed ?? false,
  activeLow: settings.wiring?.activeLow ?? false,
});

/** Milliseconds of a pulse as typed; null when that is none of 0.1 to 600 seconds. A comma is a point. */
export function pulseMs(seconds: string): number | null {
  const text = seconds.trim().replace(',', '.');
  if (!/^\d+(\.\d+)?$/.test(text)) return null;
  const ms = Math.round(Number(text) * 1000);
  return ms >= 100 && ms <= 600_000 ? ms : null;
}

/** What is to be asked of the board: what differs from what it says; null when that is nothing. */
export function changes(switchId: string, said: RelaySettings, form: Form): SettingsInput | null {
  const before = formOf(said);
  const ms = form.pulses ? pulseMs(form.seconds) : 0;
  const input: SettingsInput = { switchId };
  if (form.normallyClosed !== before.normallyClosed) input.normallyClosed = form.normallyClosed;
  if (form.activeLow !== before.activeLow) input.activeLow = form.activeLow;
  if (form.group !== before.group) input.interlockGroup = form.group;
  if (ms !== null && ms !== (said.pulseMs ?? 0)) input.pulseMs = ms;
  // A relay with a pulse stays off, and the board sees to that itself.
  if (!form.pulses && form.powerOn !== before.powerOn) input.powerOn = form.powerOn;
  return Object.keys(input).length > 1 ? input : null;
}

const seconds = (ms: number): string => (ms === 1000 ? '1 second' : `${ms / 1000} seconds`);

/** One relay's settings in a line. */
export function inWords({ settings }: RelayOfBoard): string {
  if (!settings) return 'Not known until its board has connected.';
  const parts: string[] = [];
  if (settings.pulseMs) parts.push(`turns itself off after ${seconds(settings.pulseMs)}`);
  else if (settings.powerOn === 'ON') parts.push('comes on when power returns');
  else if (settings.powerOn === 'RESTORE') parts.push('comes back as it was');
  else parts.push('stays off when power returns');
  if (settings.interlockGroup) parts.push(`interlock group ${settings.interlockGroup}`);
  if (settings.wiring?.normallyClosed) parts.push('normally closed');
  if (settings.wiring?.activeLow) parts.push('pulls at a low level');
  const line = parts.join(', ');
  return `${line.charAt(0).toUpperCase()}${line.slice(1)}.`;
}

/** What is said after the board was asked; empty when it is done. */
export const outcomeOf = ({ outcome, reason }: Pick<BoardAnswer, 'outcome' | 'reason'>): string =>
  outcome === 'CONFIRMED' ? '' : (reason ?? 'The board did not take it.');

/** What is asked before a board is restarted. */
export const RESTARTING =
  'Its relays let go while it starts, and then do what is set for when power returns: what is on may go off, or off and on. It is back within some seconds.';

/** What is said after a device was deleted; empty when its board forgot the home. */
export const ofRemoval = (
  name: string,
  { wiped, reason }: { wiped: BoardAnswer['outcome'] | null; reason: string | null },
): string =>
  wiped === 'CONFIRMED'
    ? ''
    : `${name} is deleted, but its board may still know this home and its Wi-Fi password. ${reason ?? ''} Whoever takes the board can read them: give it another home by its USB port, or erase it.`;
