import { DEVICE, MORE, PAGES, type PagePath } from '../model/pages';

/** Pages that a link with a one-time code leads to, whoever is signed in or not. */
export const DOORS = ['/join', '/guest', '/reset', '/confirm'] as const;

/** The pages of a home, and those before one is in. */
export type Path = PagePath | (typeof DOORS)[number] | '/claim' | '/sign-in';

const PATHS: ReadonlySet<string> = new Set([
  ...PAGES.map((page) => page.path),
  MORE,
  DEVICE,
  ...DOORS,
  '/claim',
  '/sign-in',
]);

export const isDoor = (path: Path): boolean => (DOORS as readonly string[]).includes(path);

const here = (): Path => (PATHS.has(location.pathname) ? (location.pathname as Path) : '/');

/** Which page is open: the address's path, nothing more. */
export class Router {
  path = $state<Path>(here());

  constructor() {
    addEventListener('popstate', () => (this.path = here()));
  }

  /** `search`: what a page is asked to show at first, behind the `?`. */
  open(path: Path, search = ''): void {
    if (path + search !== location.pathname + location.search) history.pushState(null, '', path + search);
    this.path = path;
    scrollTo(0, 0);
  }

  /** What the address asks the page to show, behind `?`; empty when nothing. */
  asked = (name: string): string => new URLSearchParams(location.search).get(name) ?? '';

  /** Goes where the person has to be; "back" does not return to where they could not be. */
  redirect(path: Path): void {
    // A claim code stands behind `#`: it is wanted on the claim page and nowhere else.
    const hash = path === '/claim' ? location.hash : '';
    if (path !== location.pathname || hash !== location.hash) history.replaceState(null, '', path + hash);
    this.path = path;
  }

  /** For `onclick` of a link: leaves clicks that open a tab or window to the browser. */
  follow = (event: MouseEvent): void => {
    if (event.defaultPrevented || event.button !== 0) return;
    if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    const { pathname, search } = event.currentTarget as HTMLAnchorElement;
    event.preventDefault();
    this.open(pathname as Path, search);
  };
}
