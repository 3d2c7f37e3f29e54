import type { Client, Question } from '../ask/index.ts';

/** Where a command writes, and what it has to know about its environment. */
export interface Surroundings {
  out: (text: string) => void;
  err: (text: string) => void;
  /** Writes to the progress line, which is separate from the answer and may be overwritten. */
  draw: (text: string) => void;
  /** True if the output is a terminal, where one line can be written over another. */
  isTerminal: boolean;
  /** Returns the stream to which an answer is written piece by piece. */
  stdout: () => NodeJS.WritableStream;
  /** Width of the terminal in characters. */
  columns: number;
  now: () => number;
  /** Version of Fermata. */
  version: string;
  /** Aborted when the person presses Ctrl+C. */
  signal: AbortSignal;
}

/** A command that does more than answer a question: it keeps running, or reads or writes files. */
export interface Command extends Pick<Question, 'name' | 'help' | 'input' | 'position'> {
  /** Returns the exit code: 0, or 1 if a check found changes or an import failed. */
  run: (
    client: Client,
    input: Record<string, unknown>,
    isJson: boolean,
    around: Surroundings,
  ) => Promise<number>;
}

/**
 * Replaces control characters, and marks that change the direction of writing. Names come from
 * senders, and a terminal would execute `ESC ]`. Line breaks are kept, because `oneLine` has
 * already removed them from names.
 */
export const printable = (text: string): string =>
  text.replace(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g, '\u00b7');
