import type { CreateIntegrationInput, HomeAssistant, Integration } from '../api/integrations';

/** A new integration as a person thinks of it. */
export interface Draft {
  name: string;
  /** Home Assistant brings what it needs. */
  kind: 'home-assistant' | 'other';
  hears: 'all' | 'some' | 'none';
  /** Ids of devices; counts while `hears` is "some". */
  devices: readonly string[];
  operates: boolean;
  /** MQTT topic filters, one a line. */
  subscribe: string;
  publish: string;
}

export const emptyDraft = (): Draft => ({
  name: '',
  kind: 'home-assistant',
  hears: 'all',
  devices: [],
  operates: false,
  subscribe: '',
  publish: '',
});

const lines = (text: string): string[] =>
  text
    .split('\n')
    .map((line) => line.trim())
    .filter(Boolean);

/** What to ask the gateway for. */
export function inputOf(draft: Draft): CreateIntegrationInput {
  const filters = { publish: lines(draft.publish), subscribe: lines(draft.subscribe) };
  const name = draft.name.trim();
  if (draft.kind === 'home-assistant') return { name, preset: 'HOME_ASSISTANT', ...filters };
  return {
    name,
    allDevices: draft.hears === 'all',
    devices: draft.hears === 'some' ? [...draft.devices] : [],
    operate: draft.operates && draft.hears !== 'none',
    ...filters,
  };
}

/** What is missing before the gateway need be asked; null when nothing is. */
export function missing(draft: Draft): string | null {
  if (draft.kind === 'home-assistant') return null;
  if (draft.hears === 'some' && draft.devices.length === 0) return 'Choose at least one device.';
  if (draft.hears === 'none' && !lines(draft.subscribe).length && !lines(draft.publish).length) {
    return 'It would hear and say nothing: choose devices, or write filters.';
  }
  return null;
}

const BOARDS = 'homie/5/';

/** One sentence about what it may do, from its filters: those that are not of boards are only counted. */
export function mayDo({ publish, subscribe }: Pick<Integration, 'publish' | 'subscribe'>): string {
  const hears = ofBoards(subscribe);
  const operates = ofBoards(publish.filter((filter) => filter.endsWith('/set')));
  const others = [...publish, ...subscribe].filter((filter) => !filter.startsWith(BOARDS)).length;
  const told = [
    hears && `hears ${hears}`,
    operates && `operates ${operates}`,
    others && `${others} filter${others === 1 ? '' : 's'} of its own`,
  ].filter(Boolean);
  const text = told.join(', ') || 'hears and says nothing';
  return text.charAt(0).toUpperCase() + text.slice(1);
}

function ofBoards(filters: readonly string[]): string {
  const boards = new Set<string>();
  for (const filter of filters) {
    if (filter === '#') return 'all devices';
    const board = filter.startsWith(BOARDS) ? filter.slice(BOARDS.length).split('/')[0] : undefined;
    if (board === '#' || board === '+') return 'all devices';
    if (board) boards.add(board);
  }
  if (boards.size === 0) return '';
  return boards.size === 1 ? 'one device' : `${boards.size} devices`;
}

/** What Home Assistant does when it is told otherwise; empty when nothing of it is lost. */
export function lossOf(before: HomeAssistant, after: HomeAssistant): string {
  if (before.form === 'OFF') return '';
  if (after.form === 'OFF') return 'Its entities of this home go away over there.';
  if (before.prefix === after.prefix) return '';
  return 'Its entities go away over there until it listens to the new prefix. Integrations made for the old one do not hear the new: make them again.';
}

/** What is asked before an integration is revoked. */
export const revoking = (act: () => Promise<unknown>) => ({
  label: 'Revoke',
  yes: 'Yes, revoke',
  warning: 'It is cut off at once and cannot log in again. What it had retained goes with it.',
  act,
});
