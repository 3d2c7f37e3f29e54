import type { z } from 'zod';
import type { Client } from './client.ts';

/**
 * A question that people and assistants ask. The command line and the MCP server are both made from
 * the list of questions, so that both can answer the same ones.
 */
export interface Question {
  /** Name of the command. The MCP tool has the same name with `_` instead of `-`. */
  name: string;
  /** One sentence that says what the question answers. */
  help: string;
  /** Parameters of the question, each with a description. */
  input: z.ZodObject;
  /** Parameter that is given without its name on a command line. */
  position?: string;
  ask: (client: Client, input: Record<string, unknown>, nowMs: number) => Promise<Answer>;
}

export interface Answer {
  /**
   * The answer for programs. It has the names of the contract, instants as ISO 8601, and durations
   * in ms.
   */
  data: object;
  /**
   * Returns the answer for people, in lines of at most `columns` characters if names are not too
   * long.
   */
  text: (columns: number) => string;
  /** Address of the page of the dashboard that shows the answer. */
  link: string;
}

/** Makes a question. Its `ask` gets parameters of the type that `input` describes. */
export function question<Input extends z.ZodObject>(options: {
  name: string;
  help: string;
  input: Input;
  position?: keyof z.infer<Input> & string;
  ask: (client: Client, input: z.infer<Input>, nowMs: number) => Promise<Answer>;
}): Question {
  const { ask, ...rest } = options;
  return { ...rest, ask: (client, input, nowMs) => ask(client, input as z.infer<Input>, nowMs) };
}
