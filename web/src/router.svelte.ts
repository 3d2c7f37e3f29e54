/** The URL is the state of a page: what you see can be shared, reloaded and gone back to. */
interface Place {
  path: string;
  query: URLSearchParams;
}

const read = (): Place => ({ path: location.pathname, query: new URLSearchParams(location.search) });

let place = $state.raw<Place>(read());
/** A page was gone to whose heading is not there yet. */
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
 * For `{@attach}` to a page's h1. Whoever went to another page is at its heading: the focus would be lost with what was
 * clicked, and nothing would say where one is.
 */
export function heading(h1: HTMLElement): void {
  h1.tabIndex = -1;
  if (!arriving) return;
  arriving = false;
  h1.closest('main')?.scrollTo(0, 0);
  h1.focus({ preventScroll: true });
}

/** Changes some parameters of the current URL; '' removes one. */
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
 * For `{@attach}` to a list: a click anywhere in a row is a click on the row's link, with its keys held. The link stays
 * what keyboards and screen readers use.
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

/** For `onclick` of links: plain clicks stay in the page, everything else is the browser's. */
export function follow(event: MouseEvent): void {
  const link = (event.currentTarget as HTMLAnchorElement).href;
  if (event.metaKey || event.ctrlKey || event.shiftKey || event.button !== 0) return;
  event.preventDefault();
  go(link.slice(location.origin.length));
}
