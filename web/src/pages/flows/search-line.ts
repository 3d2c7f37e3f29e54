/** Whoever pauses for so long has written a query. */
const PAUSE_MS = 200;

/**
 * What stands in the search line belongs to whoever types, until the address replaces it: by a
 * navigation that the line did not ask for. Its own queries come back by the address, too, and one
 * of those may be older than what stands there.
 */
export interface SearchLine {
  readonly text: string;
  /** Nothing older is asked for any more: it would come back as the query of the address. */
  type(text: string): void;
  /** Asks for what was typed, once nothing more is. */
  askSoon(): void;
  askNow(): void;
  /** The address has this query now. True where it took the place of what stood in the line. */
  arrive(query: string): boolean;
  /** Forgets what was not asked for. */
  drop(): void;
}

export function createSearchLine(ask: (text: string) => void): SearchLine {
  let text = '';
  /** Typed, and not yet asked for. */
  let pending = false;
  /** Asked for, and not yet the address'. */
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
