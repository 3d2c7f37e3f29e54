/** A shortcut is one key; what it does may prevent the browser's own effect of the key. */
export type Shortcuts = Readonly<Record<string, (event: KeyboardEvent) => void>>;

/** Pages have a key each. `shell/Help.svelte` tells the reader of them. */
export const PAGE_KEYS = { o: '/', g: '/flows', i: '/incidents', a: '/alerts' } as const;

const FIELDS = new Set(['INPUT', 'SELECT', 'TEXTAREA']);
/** Some keyboards type brackets with Alt held, so that Alt is no modifier there. */
const TYPED_WITH_ALT = new Set(['[', ']']);

/**
 * A key is a shortcut unless somebody types into a field or holds a modifier, which makes it the
 * browser's. Every page asks here before it acts on a key.
 */
export function isShortcut(event: KeyboardEvent): boolean {
  const isTyping = FIELDS.has((event.target as Element | null)?.tagName ?? '');
  const hasAlt = event.altKey && !TYPED_WITH_ALT.has(event.key);
  return !isTyping && !event.metaKey && !event.ctrlKey && !hasAlt;
}

/** Makes a listener for the window that runs what the table says for a key. */
export const onShortcut =
  (shortcuts: Shortcuts) =>
  (event: KeyboardEvent): void => {
    if (isShortcut(event) && Object.hasOwn(shortcuts, event.key)) shortcuts[event.key]!(event);
  };

const STEPS: Readonly<Record<string, number>> = { j: 1, ArrowDown: 1, k: -1, ArrowUp: -1 };

/** Says how many rows a key moves on in a list: j and k as in editors, or the arrows. */
export const rowsOf = (key: string): number | null =>
  Object.hasOwn(STEPS, key) ? STEPS[key]! : null;
