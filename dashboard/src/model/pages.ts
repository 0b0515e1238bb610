/** The pages of a home, in the order of the navigation. What is live comes first. */
export interface Page {
  readonly path: string;
  readonly name: string;
  /** One line on the page that lists them on small screens. */
  readonly about: string;
  readonly group: Group;
  /** Whether it has a place in the bar of small screens; the others are behind "More". */
  readonly bar?: true;
  /** Whether only an owner has any use of it. */
  readonly owner?: true;
  /** Whether it is for who lives here, and not for who visits. */
  readonly resident?: true;
}

export type Group = 'Live' | 'This home' | 'You';

export const GROUPS: readonly Group[] = ['Live', 'This home', 'You'];

const ALL = [
  { path: '/', name: 'Switches', about: 'What is on, and who moved it', group: 'Live', bar: true },
  { path: '/rooms', name: 'Rooms', about: 'Which switch is where', group: 'Live', bar: true },
  { path: '/devices', name: 'Devices', about: 'The boards and how they are', group: 'Live', bar: true },
  {
    path: '/notices',
    name: 'Notices',
    about: 'What the owner should know',
    group: 'Live',
    bar: true,
    owner: true,
  },
  {
    path: '/people',
    name: 'People',
    about: 'Who lives here, and what is shared with whom',
    group: 'This home',
  },
  { path: '/record', name: 'Record', about: 'Who did what, and how it ended', group: 'This home' },
  {
    path: '/integrations',
    name: 'Integrations',
    about: 'Other home systems that may log in',
    group: 'This home',
    owner: true,
  },
  {
    path: '/administration',
    name: 'Administration',
    about: 'All that is stored of this home: find, change, delete',
    group: 'This home',
    owner: true,
  },
  {
    path: '/backups',
    name: 'Backups',
    about: 'What is left when the gateway is lost',
    group: 'This home',
    owner: true,
  },
  {
    path: '/about',
    name: 'About this home',
    about: 'Whom to ask, who lives here, and what this is',
    group: 'This home',
  },
  {
    path: '/account',
    name: 'My account',
    about: 'Your name, password and e-mail, where you are signed in',
    group: 'You',
  },
  {
    path: '/tokens',
    name: 'Tokens',
    about: 'For programs: a part of what you may',
    group: 'You',
    resident: true,
  },
] as const satisfies readonly Page[];

/** Where the page stands that lists the rest on small screens. */
export const MORE = '/more';

export const DEVICES = '/devices';

/** One device; `?id=` says which. It is under the devices, and so has no place in the navigation. */
export const DEVICE = '/device';

export type PagePath = (typeof ALL)[number]['path'] | typeof MORE | typeof DEVICE;

/** Every page there is, whoever asks. */
export const PAGES: readonly Page[] = ALL;

/** The pages that this viewer has any use of. What they may do there is the gateway's to say. */
export function pagesFor(viewer: { role: string; kind: string } | null): readonly Page[] {
  if (viewer?.kind === 'GUEST_LINK') return PAGES.slice(0, 1);
  return PAGES.filter(
    (page) => viewer?.role === 'OWNER' || (!page.owner && !(page.resident && viewer?.role === 'GUEST')),
  );
}
