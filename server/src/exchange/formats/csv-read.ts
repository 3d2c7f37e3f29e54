import { Readable } from 'node:stream';
import { parse, type Options } from 'csv-parse';
import type { FermataError } from '../../base/errors.ts';
import { LIMITS } from '../../model/otlp.ts';
import type { ForeignSpan } from '../foreign.ts';
import type { Item, ReadOptions } from '../format.ts';
import { FILE_LIMITS, malformed, tooLarge } from '../input/limits.ts';
import { texts } from '../input/texts.ts';
import { readInstant } from '../instants.ts';
import { createSpanGroup, ordered, spanOfEvent } from './cases.ts';
import { fromCell } from './csv-write.ts';

/**
 * Fields that are read from a table, each with the names that its column may have, in lower case
 * and without blanks, hyphens and underscores. The names are those of our own export, of pm4py,
 * Disco, Celonis and bupaR.
 */
const COLUMNS = {
  flow: ['flow', 'case', 'caseid', 'case:concept:name', 'order', 'instance', 'traceid'],
  type: ['type', 'flowtype', 'process', 'processname'],
  step: ['step', 'activity', 'concept:name', 'activityname', 'task', 'event', 'handling'],
  service: ['service', 'org:resource', 'resource', 'org:group', 'system', 'user', 'employee'],
  start: ['start', 'startms', 'starttimestamp', 'starttime', 'started', 'begin'],
  end: ['end', 'endms', 'time:timestamp', 'timestamp', 'completetimestamp', 'endtime'].concat(
    ...['endtimestamp', 'completed', 'complete', 'time', 'finished', 'date'],
  ),
  status: ['status', 'failed', 'state'],
  error: ['error', 'errormessage', 'failure'],
  id: ['id', 'stepid', 'eventid'],
  causes: ['causedby', 'causes'],
  outcome: ['outcome'],
  keys: ['keys'],
} as const;
type Column = keyof typeof COLUMNS;
/** Maximum number of characters of a row. */
const MAX_ROW = FILE_LIMITS.text;

/**
 * Reads a table with one row for each step of each flow. The first row has the names of the
 * columns.
 */
export async function* readCsv(
  chunks: AsyncIterable<Uint8Array>,
  options: ReadOptions,
): AsyncIterable<Item> {
  let places: Places | null = null;
  const group = createSpanGroup();
  try {
    for await (const { cells, line, problem } of rowsOf(chunks)) {
      if (problem !== undefined) {
        yield { kind: 'skipped', what: `line ${line}`, why: problem };
        continue;
      }
      if (places === null) {
        places = placesOf(cells, options);
        continue;
      }
      const span = spanOfRow(cells.map(fromCell), places, line, options);
      if (typeof span === 'string') yield { kind: 'skipped', what: `line ${line}`, why: span };
      else group.push(span);
      if (group.isFull()) yield* group.take();
    }
  } finally {
    // Rows before an error are passed on like those of a file without errors.
    yield* group.take();
  }
  if (places === null) throw malformed('the table is empty');
}

interface Row {
  cells: readonly string[];
  line: number;
  /** What is wrong with the row; absent if it can be read. */
  problem?: string;
}

/** Yields the rows of a table, including those that cannot be read, with their problems. */
async function* rowsOf(chunks: AsyncIterable<Uint8Array>): AsyncIterable<Row> {
  const [first, rest] = await begin(texts(chunks));
  const parser = parse({
    ...{ relax_column_count: true, skip_empty_lines: true, max_record_size: MAX_ROW },
    ...{ delimiter: delimiterOf(first), skip_records_with_error: true, info: true },
  } satisfies Options);
  const wrong: Row[] = [];
  parser.on('skip', ({ code, message, lines = 0 }: CsvError) => {
    if (code === 'CSV_MAX_RECORD_SIZE') parser.destroy(tooLong());
    else wrong.push({ cells: [], line: lines, problem: problemOf(message) });
  });
  const source = Readable.from(rest);
  source.once('error', (error) => parser.destroy(error));
  source.pipe(parser);
  try {
    for await (const row of parser) {
      yield* wrong.splice(0);
      const { record, info } = row as { record: string[]; info: { lines: number } };
      yield { cells: record, line: info.lines };
    }
    yield* wrong.splice(0);
  } finally {
    source.destroy();
    parser.destroy();
  }
}

type CsvError = Error & { code?: string; lines?: number };
/**
 * Returns the message of an error without its position in the file, so that equal errors are
 * counted together.
 */
const problemOf = (message: string): string => message.split(':', 1)[0]!.slice(0, 200);

const tooLong = (): FermataError =>
  tooLarge(`one row is longer than ${MAX_ROW} characters; a quotation mark may be missing`);

/** Reads the beginning of the file. Returns it, and the parts of the whole file. */
async function begin(parts: AsyncIterable<string>): Promise<[string, AsyncIterable<string>]> {
  const input = parts[Symbol.asyncIterator]();
  let first = '';
  while (!first.includes('\n') && first.length < MAX_ROW) {
    const next = await input.next();
    if (next.done) break;
    first += next.value;
  }
  const all = async function* (): AsyncIterable<string> {
    yield first;
    yield* { [Symbol.asyncIterator]: () => input };
  };
  return [first, all()];
}

/**
 * Returns the delimiter that occurs most often in the first line. Spreadsheets write semicolons in
 * countries where numbers have a decimal comma.
 */
function delimiterOf(text: string): string {
  const [line = ''] = text.split('\n', 1);
  const count = (mark: string): number => line.split(mark).length;
  return [',', ';', '\t'].reduce((best, mark) => (count(mark) > count(best) ? mark : best));
}

type Places = Readonly<Record<Column, number>>;

function placesOf(header: readonly string[], { columns }: ReadOptions): Places {
  const names = header.map((name) => name.trim());
  const short = names.map((name) => name.toLowerCase().replace(/[ _-]/g, ''));
  const placeOf = (column: Column): number => {
    const asked = columns[column];
    if (asked === undefined)
      return COLUMNS[column].map((name) => short.indexOf(name)).find((at) => at >= 0) ?? -1;
    const at = names.indexOf(asked);
    if (at < 0) throw malformed(`there is no column "${asked.slice(0, 100)}"`);
    return at;
  };
  const all = Object.keys(COLUMNS) as Column[];
  const places = Object.fromEntries(all.map((column) => [column, placeOf(column)])) as Places;
  const lacks = (['flow', 'step'] as const).filter((column) => places[column] < 0);
  if (places.end < 0 && places.start < 0) (lacks as string[]).push('end');
  if (lacks.length === 0) return places;
  throw malformed(
    `no column is known as ${lacks.join(', ')}; there are ${names.join(', ').slice(0, 300)}`,
    'Say which column it is: columns=flow:Order No,step:Task,end:Done at.',
  );
}

function spanOfRow(
  cells: readonly string[],
  places: Places,
  line: number,
  { flowType }: ReadOptions,
): ForeignSpan | string {
  const text = (column: Column): string => cells[places[column]] ?? '';
  const flow = text('flow');
  const step = text('step');
  if (flow === '' || step === '') return `it has no ${flow === '' ? 'flow' : 'step'}`;
  const end = readInstant(text('end'));
  const start = readInstant(text('start')) ?? end;
  if (start === null)
    return `neither "${text('start')}" nor "${text('end')}" is a time`.slice(0, 200);
  const runs = end === null && places.end >= 0 && text('end') === '';
  return spanOfEvent({
    ...{ flow, step, service: text('service'), type: text('type') || flowType },
    ...(runs ? { start, end: null } : ordered(start, end ?? start)),
    id: text('id') || `row ${line}`,
    error: errorOf(text('status'), text('error')),
    outcome: text('outcome'),
    causes: text('causes')
      .split(' ', LIMITS.links)
      .filter((cause) => cause !== ''),
    keys: text('keys')
      .split('; ', LIMITS.attributes)
      .filter((pair) => pair.includes('='))
      .map((pair) => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)]),
  });
}

const FAILED: ReadonlySet<string> = new Set(['failed', 'error', '1', 'true', 'failure']);
function errorOf(status: string, error: string): string | undefined {
  if (FAILED.has(status.toLowerCase())) return error || 'failed';
  return status === '' && error !== '' ? error : undefined;
}
