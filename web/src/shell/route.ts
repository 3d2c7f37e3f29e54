export type Page =
  | 'overview'
  | 'flows'
  | 'flow'
  | 'incidents'
  | 'alerts'
  | 'services'
  | 'settings'
  | 'connect'
  | 'nowhere';

/** The page of a URL, and the id in the URL if it has one. */
export interface Route {
  page: Page;
  id: string | null;
}

const ROUTES: readonly (readonly [RegExp, Page])[] = [
  [/^\/$/, 'overview'],
  [/^\/flows$/, 'flows'],
  [/^\/flow\/([^/]+)$/, 'flow'],
  [/^\/incidents(?:\/([^/]+))?$/, 'incidents'],
  [/^\/alerts(?:\/([^/]+))?$/, 'alerts'],
  [/^\/services$/, 'services'],
  [/^\/settings$/, 'settings'],
  [/^\/connect$/, 'connect'],
];
const NOWHERE: Route = { page: 'nowhere', id: null };

export function routeOf(path: string): Route {
  for (const [pattern, page] of ROUTES) {
    const match = pattern.exec(path);
    if (match) return match[1] === undefined ? { page, id: null } : withId(page, match[1]);
  }
  return NOWHERE;
}

/**
 * Returns the route of a URL whose last part is an id. If the URL was cut within an escape
 * sequence, the id cannot be decoded and the result is the page for unknown URLs.
 */
function withId(page: Page, escaped: string): Route {
  try {
    return { page, id: decodeURIComponent(escaped) };
  } catch {
    return NOWHERE;
  }
}
