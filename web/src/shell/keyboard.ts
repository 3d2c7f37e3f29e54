/** Maps a key to its action, which may prevent the browser's own effect of the key. */
export type Shortcuts = Readonly<Record<string, (event: KeyboardEvent) => void>>;

/** Maps each page's key to the page. `shell/Help.svelte` lists them for the reader. */
export const PAGE_KEYS = { o: '/', g: '/flows', i: '/incidents', a: '/alerts' } as const;

const FIELDS = new Set(['INPUT', 'SELECT', 'TEXTAREA']);
/** Some keyboards type brackets with Alt, so with these Alt is no modifier. */
const TYPED_WITH_ALT = new Set(['[', ']']);

/**
 * Tells whether a key is a shortcut: not while a field has the focus, nor with a modifier, which
 * makes it the browser's. Every page calls this before it acts on a key.
 */
export function isShortcut(event: KeyboardEvent): boolean {
  const isTyping = FIELDS.has((event.target as Element | null)?.tagName ?? '');
  const hasAlt = event.altKey && !TYPED_WITH_ALT.has(event.key);
  return !isTyping && !event.metaKey && !event.ctrlKey && !hasAlt;
}

/** Makes a listener for the window that runs the action of a key. */
export const onShortcut =
  (shortcuts: Shortcuts) =>
  (event: KeyboardEvent): void => {
    if (isShortcut(event) && Object.hasOwn(shortcuts, event.key)) shortcuts[event.key]!(event);
  };

const STEPS: Readonly<Record<string, number>> = { j: 1, ArrowDown: 1, k: -1, ArrowUp: -1 };

/** Returns how many rows a key moves in a list: j and k as in editors, or the arrows. */
export const rowsOf = (key: string): number | null =>
  Object.hasOwn(STEPS, key) ? STEPS[key]! : null;
