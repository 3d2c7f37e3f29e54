import type { Client, Question } from '../ask/index.ts';

/** Where a command writes, and what it knows of its surroundings. */
export interface Surroundings {
  out: (text: string) => void;
  err: (text: string) => void;
  /** Writes on a line that is not finished yet, beside the answer. */
  draw: (text: string) => void;
  /** A person watches, so that one line may be written over another. */
  isTerminal: boolean;
  /** Where an answer goes that is written piece by piece. */
  stdout: () => NodeJS.WritableStream;
  /** Width of the terminal in characters. */
  columns: number;
  now: () => number;
  /** Version of Fermata that the command belongs to. */
  version: string;
  /** Ends when the person presses Ctrl+C. */
  signal: AbortSignal;
}

/** A command that is more than a question: it goes on for a while, or writes files. */
export interface Command extends Pick<Question, 'name' | 'help' | 'input' | 'position'> {
  /** Returns the exit code: 0, or 1 if what was checked is not as it should be. */
  run: (
    client: Client,
    input: Record<string, unknown>,
    isJson: boolean,
    around: Surroundings,
  ) => Promise<number>;
}

/**
 * Returns a text without control characters and marks that turn the direction of writing. Names
 * come from senders, and a terminal would take `ESC ]` for an order. New lines stay: what names
 * have of them was taken out by `oneLine` when the text was made.
 */
export const printable = (text: string): string =>
  text.replace(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g, '\u00b7');
