/**
 * The one-time code of the link that led here. It stands behind `#`, so it was never sent anywhere; this takes it out of
 * the address and the history too. Empty when there is none.
 */
export function codeFromLink(): string {
  const found = location.hash.slice(1);
  if (found) history.replaceState(null, '', location.pathname);
  try {
    return decodeURIComponent(found);
  } catch {
    return found;
  }
}

/**
 * What came of a trip to a provider, which led here with `#provider-…`; this takes it out of the address and the history. null
 * when there was none.
 */
export function tripFromLink(): string | null {
  const word = /^#provider-([a-z-]+)$/.exec(location.hash)?.[1] ?? null;
  if (word) history.replaceState(null, '', location.pathname);
  return word;
}

/** A link that carries a code to one of our pages. */
export const linkWith = (path: '/reset' | '/join' | '/guest', code: string): string =>
  `${location.origin}${path}#${code}`;
