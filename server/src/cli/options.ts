import { parseArgs, type ParseArgsConfig } from 'node:util';
import { z } from 'zod';
import { AskError, type Question } from '../ask/index.ts';

/** One option of a command, as described by the JSON Schema of its input. */
interface Option {
  name: string;
  type: 'string' | 'boolean' | 'integer';
  help: string;
  choices: readonly string[];
  isRequired: boolean;
  otherwise: string | number | boolean | undefined;
}

type Options = NonNullable<ParseArgsConfig['options']>;

/** Options that every command has in addition to its own. */
export const COMMON = {
  url: { type: 'string' },
  json: { type: 'boolean', default: false },
  help: { type: 'boolean', short: 'h', default: false },
} as const satisfies Options;

type Described = Pick<Question, 'name' | 'help' | 'input' | 'position'>;

interface Schema {
  properties?: Record<
    string,
    { type?: string; description?: string; enum?: string[]; default?: string | number | boolean }
  >;
  required?: string[];
}

export function optionsOf({ input }: Described): Option[] {
  const { properties = {}, required = [] } = z.toJSONSchema(input, { io: 'input' }) as Schema;
  return Object.entries(properties).map(([name, field]) => ({
    ...{ name, help: field.description ?? '', choices: field.enum ?? [] },
    type: field.type === 'boolean' || field.type === 'integer' ? field.type : 'string',
    ...{ isRequired: required.includes(name), otherwise: field.default },
  }));
}

export interface Given {
  values: Record<string, unknown>;
  common: { url: string | undefined; json: boolean; help: boolean };
}

/** Reads the arguments of a command. Throws an `AskError` with the problem if they are wrong. */
export function readArguments(command: Described, args: readonly string[]): Given {
  const options = optionsOf(command);
  const { values, positionals } = parsed(command, options, args);
  const { url, json, help, ...own } = values as Record<string, unknown> & Given['common'];
  const common = { url, json, help };
  if (help) return { values: {}, common };
  if (command.position !== undefined && positionals.length > 0) {
    // A query may consist of several words, but several files are a mistake.
    if (positionals.length > 1 && command.position !== 'query')
      throw usage(command, `"${positionals[1]}" is one too many`);
    own[command.position] = positionals.join(' ');
  }
  const read = command.input.safeParse(withNumbers(own, options));
  if (read.success) return { values: read.data, common };
  const [issue] = read.error.issues;
  const name = String(issue?.path[0] ?? '');
  const what = name === command.position ? name : `--${name}`;
  throw usage(command, `${what}: ${issue?.message ?? 'is wrong'}`);
}

function parsed(
  command: Described,
  options: readonly Option[],
  args: readonly string[],
): { values: Record<string, unknown>; positionals: string[] } {
  const own = options.map(({ name, type }) => [
    name,
    { type: type === 'boolean' ? 'boolean' : 'string' } as const,
  ]);
  // A query may begin with an excluded condition: `fermata find -status:completed`.
  const isOption = (arg: string): boolean =>
    arg.startsWith('--') || arg === '-h' || !/^-./.test(arg);
  const words = command.position === undefined ? [] : args.filter((arg) => !isOption(arg));
  try {
    return parseArgs({
      args: [
        ...args.filter((arg) => !words.includes(arg)),
        ...(words.length > 0 ? ['--'] : []),
        ...words,
      ],
      options: { ...(Object.fromEntries(own) as Options), ...COMMON },
      allowPositionals: command.position !== undefined,
    });
  } catch (error) {
    throw usage(command, (error as Error).message);
  }
}

const usage = (command: Described, problem: string): AskError =>
  new AskError(400, problem, `fermata ${command.name} --help`);

function withNumbers(
  values: Record<string, unknown>,
  options: readonly Option[],
): Record<string, unknown> {
  const numbers = options.filter(({ type }) => type === 'integer').map(({ name }) => name);
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => [
      name,
      numbers.includes(name) && /^\d{1,9}$/.test(String(value)) ? Number(value) : value,
    ]),
  );
}

/** Returns the help text of a command: what it does and which options it has. */
export function helpOf(command: Described): string {
  const options = optionsOf(command).filter(({ name }) => name !== command.position);
  const positional = optionsOf(command).find(({ name }) => name === command.position);
  const argument =
    positional === undefined
      ? ''
      : positional.isRequired
        ? ` <${positional.name}>`
        : ` [${positional.name}]`;
  return [
    `Usage: fermata ${command.name}${argument} [options]`,
    '',
    command.help,
    '',
    ...(positional ? [`  ${positional.name}`, `      ${positional.help}`] : []),
    ...options.flatMap(optionHelp),
    '  --url=ADDRESS',
    '      Address of the dashboard; otherwise FERMATA_URL, or http://127.0.0.1:4320',
    '  --json',
    '      Prints the answer as JSON, for programs',
    '',
  ].join('\n');
}

function optionHelp({ name, type, help, choices, otherwise }: Option): string[] {
  const value = type === 'boolean' ? '' : `=${type === 'integer' ? 'NUMBER' : 'TEXT'}`;
  const among = choices.length > 0 ? `: ${choices.join(', ')}` : '';
  const default_ = otherwise === undefined || otherwise === false ? '' : ` (${String(otherwise)})`;
  return [`  --${name}${value}`, `      ${help}${among}${default_}`];
}
