/** Length of a pause in typing, ms, after which the typed query is run. */
const PAUSE_MS = 200;

/**
 * Keeps the text of the search field. A query in the URL replaces the text, unless the field put
 * that query there itself: its own queries return by the URL too and may be older than the text.
 */
export interface SearchLine {
  readonly text: string;
  /** Sets the typed text. Cancels the query of an older text if it has not run yet. */
  type(text: string): void;
  /** Runs the query of the typed text after a pause in typing. */
  askSoon(): void;
  askNow(): void;
  /** Handles the query that is now in the URL. Returns whether it replaced the text. */
  arrive(query: string): boolean;
  /** Cancels the query of the typed text if it has not run yet. */
  drop(): void;
}

export function createSearchLine(ask: (text: string) => void): SearchLine {
  let text = '';
  /** True while the query of the typed text waits for a pause in typing. */
  let pending = false;
  /** The last query that was run and has not appeared in the URL yet; null if there is none. */
  let asked: string | null = null;
  let waiting: ReturnType<typeof setTimeout> | undefined;
  const drop = (): void => {
    clearTimeout(waiting);
    pending = false;
  };
  const askNow = (): void => {
    if (!pending) return;
    drop();
    asked = text;
    ask(text);
  };
  return {
    get text() {
      return text;
    },
    type(typed) {
      drop();
      text = typed;
      pending = true;
    },
    askSoon() {
      clearTimeout(waiting);
      if (pending) waiting = setTimeout(askNow, PAUSE_MS);
    },
    askNow,
    arrive(query) {
      const own = query === asked;
      asked = null;
      if (own) return false;
      drop();
      text = query;
      return true;
    },
    drop,
  };
}
