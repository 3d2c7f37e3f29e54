/**
 * Keeps the state of a page in its URL, so that a page can be shared, reloaded and gone back to.
 */
interface Place {
  path: string;
  query: URLSearchParams;
}

const read = (): Place => ({
  path: location.pathname,
  query: new URLSearchParams(location.search),
});

let place = $state.raw<Place>(read());
/** The path has changed, and the heading of the new page has not been rendered yet. */
let arriving = false;
function move(): void {
  const { path } = place;
  place = read();
  arriving ||= place.path !== path;
}
addEventListener('popstate', move);

export const here = (): Place => place;

export function go(url: string, replace = false): void {
  if (replace) {
    history.replaceState(null, '', url);
    place = read();
  } else {
    history.pushState(null, '', url);
    move();
  }
}

/**
 * Moves the focus to the heading of a page after navigation: otherwise it would be lost with the
 * link, and a screen reader would not announce the page. Used by `{@attach}` on each page's h1.
 */
export function heading(h1: HTMLElement): void {
  h1.tabIndex = -1;
  if (!arriving) return;
  arriving = false;
  h1.closest('main')?.scrollTo(0, 0);
  h1.focus({ preventScroll: true });
}

/** Changes some parameters of the current URL; an empty text removes one. */
export function setQuery(changes: Record<string, string>, replace = true): void {
  // eslint-disable-next-line svelte/prefer-svelte-reactivity -- a working copy, never rendered
  const query = new URLSearchParams(place.query);
  for (const [name, value] of Object.entries(changes)) {
    if (value === '') query.delete(name);
    else query.set(name, value);
  }
  const text = query.toString();
  go(place.path + (text === '' ? '' : `?${text}`), replace);
}

/**
 * Treats a click anywhere in a row as a click on the row's link, with its modifier keys. Keyboards
 * and screen readers use the link itself. Used by `{@attach}` on a list.
 */
export function rowsAreLinks(list: HTMLElement): () => void {
  const onClick = (event: MouseEvent): void => {
    const target = event.target as Element;
    if (target.closest('a, button') !== null || !(getSelection()?.isCollapsed ?? true)) return;
    const { ctrlKey, metaKey, shiftKey } = event;
    target
      .closest('[role="row"]')
      ?.querySelector('a')
      ?.dispatchEvent(
        new MouseEvent('click', { bubbles: true, cancelable: true, ctrlKey, metaKey, shiftKey }),
      );
  };
  list.addEventListener('click', onClick);
  return () => list.removeEventListener('click', onClick);
}

/** Navigates within the page on a plain click on a link; the browser handles any other click. */
export function follow(event: MouseEvent): void {
  const link = (event.currentTarget as HTMLAnchorElement).href;
  if (event.metaKey || event.ctrlKey || event.shiftKey || event.button !== 0) return;
  event.preventDefault();
  go(link.slice(location.origin.length));
}
