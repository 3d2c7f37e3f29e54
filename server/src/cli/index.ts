import {
  AskError,
  createClient,
  oneLine,
  QUESTIONS,
  safeJson,
  type Client,
  type Parameters,
  type Question,
} from '../ask/index.ts';
import { check } from './check/index.ts';
import { printable, type Command, type Surroundings } from './command.ts';
import { helpOf, readArguments } from './options.ts';
import { exportCommand, importCommand } from './exchange/index.ts';
import { mcp } from './mcp.ts';
import { watch } from './watch.ts';

export type { Surroundings } from './command.ts';

const DEFAULT_URL = 'http://127.0.0.1:4320';
/** Exit code if a question could not be asked or answered. */
const FAILED = 2;

const COMMANDS: readonly Command[] = [
  ...QUESTIONS.map(asCommand),
  watch,
  check,
  exportCommand,
  importCommand,
  mcp,
];
export const COMMAND_NAMES: readonly string[] = COMMANDS.map(({ name }) => name);

/** Makes a command that asks a question and prints the answer, for people or as JSON. */
function asCommand({ ask, ...described }: Question): Command {
  return {
    ...described,
    async run(client, input, isJson, { out, columns, now }) {
      const answer = await ask(isJson ? client : inOneLine(client), input, now());
      if (isJson) out(safeJson({ ...answer.data, link: answer.link }, 2));
      else out(`${printable(answer.text(columns))}\n\n${answer.link}`);
      return 0;
    },
  };
}

/**
 * Returns a client that removes line breaks from all texts in answers, because a name with a line
 * break could look like two lines. The field `markdown` keeps its line breaks, because the server
 * writes it.
 */
const inOneLine = (client: Client): Client => ({
  ...client,
  get: async <T>(path: string, parameters?: Parameters) =>
    JSON.parse(JSON.stringify(await client.get<T>(path, parameters)), (key, value: unknown) =>
      typeof value === 'string' && key !== 'markdown' ? oneLine(value) : value,
    ) as T,
});

/**
 * Runs a command. `args` are the arguments after the name of the program. Returns the exit code: 0;
 * 1 if a check failed; 2 if there is no answer.
 */
export async function runCommand(
  args: readonly string[],
  environmentUrl: string | undefined,
  around: Surroundings,
): Promise<number> {
  const [name = '', ...rest] = args;
  const command = COMMANDS.find((one) => one.name === name);
  if (command === undefined) {
    around.err(`fermata: "${printable(name)}" is no command\n  → fermata --help`);
    return FAILED;
  }
  try {
    const { values, common } = readArguments(command, rest);
    if (common.help) {
      around.out(helpOf(command));
      return 0;
    }
    const client = createClient(common.url ?? environmentUrl ?? DEFAULT_URL);
    return await command.run(client, values, common.json, around);
  } catch (error) {
    if (!(error instanceof AskError)) throw error;
    const hint = error.hint === '' ? '' : `\n  → ${error.hint}`;
    around.err(printable(`fermata: ${error.message}${hint}`));
    return FAILED;
  }
}

/** Returns a list of all commands, one per line. */
export const commandsHelp = (): string =>
  COMMANDS.map(({ name, help }) => `  ${name.padEnd(14)} ${help.split(/[:;.]/, 1)[0]}`).join('\n');
