import type { z } from 'zod';
import type { Client } from './client.ts';

/**
 * A question that people and assistants ask. The command line and the MCP server are both made from
 * the list of these, so that both know the same.
 */
export interface Question {
  /** Name of the command, and of the tool with `_` for `-`. */
  name: string;
  /** Says in one sentence what is answered. */
  help: string;
  /** What may be asked for; each field has a description. */
  input: z.ZodObject;
  /** Field that is given without its name on a command line. */
  position?: string;
  ask: (client: Client, input: Record<string, unknown>, nowMs: number) => Promise<Answer>;
}

export interface Answer {
  /** What was found, for programs: contract names, instants ISO 8601, durations ms. */
  data: object;
  /** The same for people, as lines of at most `columns` characters where names allow it. */
  text: (columns: number) => string;
  /** Address of the page of the dashboard that shows it. */
  link: string;
}

/** Makes a question whose `ask` is given what its `input` describes. */
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
