/** Length of a pause in typing, ms, after which the typed query is run. */
const PAUSE_MS = 200;

/**
 * Keeps the text of the search line. A query in the address replaces the text only if the line did
 * not ask for that query itself, because the line's own queries come back by the address, too, and
 * may be older than the text.
 */
export interface SearchLine {
  readonly text: string;
  /**
   * Takes typed text, and cancels the query of an older text if it has not been run yet, because
   * that query would come back by the address.
   */
  type(text: string): void;
  /** Runs the query for the typed text after a pause in typing. */
  askSoon(): void;
  askNow(): void;
  /** Takes the query that is now in the address. Returns whether the query replaced the text. */
  arrive(query: string): boolean;
  /** Cancels the query for the typed text if the query has not been run yet. */
  drop(): void;
}

export function createSearchLine(ask: (text: string) => void): SearchLine {
  let text = '';
  /** True while the query for the typed text has not been run yet. */
  let pending = false;
  /**
   * The query that was run last and has not come back by the address yet; null if there is none.
   */
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
