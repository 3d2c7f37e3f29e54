/**
 * This file keeps the state of a page in its URL, so that the page can be shared and reloaded, and
 * the browser's Back button works.
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
/** True from a change of the path until the heading of the new page has been rendered. */
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
 * Moves the focus to the heading of a page after navigation. Otherwise the focus would be lost with
 * the link that was pressed, and a screen reader would not announce the page. Used by `{@attach}`
 * on the h1 of each page. The search field keeps the focus: a pause in typing opens the page of the
 * results, and the next letters belong to the query.
 */
export function heading(h1: HTMLElement): void {
  h1.tabIndex = -1;
  if (!arriving) return;
  arriving = false;
  h1.closest('main')?.scrollTo(0, 0);
  if (document.activeElement?.id !== 'search') h1.focus({ preventScroll: true });
}

/** Changes parameters of the current URL. An empty value removes a parameter. */
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
 * Makes a click anywhere in a row act as a click on the row's link, including modifier keys.
 * Keyboards and screen readers use the link itself. Used by `{@attach}` on a list.
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

/**
 * Handles a click on a link: a plain click navigates without reloading the page, any other click is
 * left to the browser.
 */
export function follow(event: MouseEvent): void {
  const link = (event.currentTarget as HTMLAnchorElement).href;
  if (event.metaKey || event.ctrlKey || event.shiftKey || event.button !== 0) return;
  event.preventDefault();
  go(link.slice(location.origin.length));
}
