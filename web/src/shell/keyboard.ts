/** The action of each key. An action may prevent the browser's own effect of the key. */
export type Shortcuts = Readonly<Record<string, (event: KeyboardEvent) => void>>;

/** The page that each key opens. `shell/Help.svelte` lists the keys for the reader. */
export const PAGE_KEYS = {
  o: '/',
  g: '/flows',
  m: '/flows?tab=map',
  l: '/flows?tab=latency',
  f: '/flows?tab=failures',
  d: '/flows?tab=differences&range=today&compare=yesterday',
  i: '/incidents',
  a: '/alerts',
  s: '/services',
  c: '/connect',
} as const;

const FIELDS = new Set(['INPUT', 'SELECT', 'TEXTAREA']);
/**
 * Keys for which Alt is not a modifier, because on some keyboards these brackets are typed with
 * Alt.
 */
const TYPED_WITH_ALT = new Set(['[', ']']);

/**
 * Returns whether a key press may be a shortcut. It is not if it was made in a text field or with a
 * modifier key. Every page calls this before it acts on a key.
 */
export function isShortcut(event: KeyboardEvent): boolean {
  const isTyping = FIELDS.has((event.target as Element | null)?.tagName ?? '');
  const hasAlt = event.altKey && !TYPED_WITH_ALT.has(event.key);
  return !isTyping && !event.metaKey && !event.ctrlKey && !hasAlt;
}

/** Returns a listener for key presses in the window, which runs the action of the pressed key. */
export const onShortcut =
  (shortcuts: Shortcuts) =>
  (event: KeyboardEvent): void => {
    if (isShortcut(event) && Object.hasOwn(shortcuts, event.key)) shortcuts[event.key]!(event);
  };

const STEPS: Readonly<Record<string, number>> = { j: 1, ArrowDown: 1, k: -1, ArrowUp: -1 };

/**
 * Returns by how many rows a key moves the selection in a list (j and k, or the arrow keys); null
 * if it does not.
 */
export const rowsOf = (key: string): number | null =>
  Object.hasOwn(STEPS, key) ? STEPS[key]! : null;
