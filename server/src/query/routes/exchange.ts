import { pipeline } from 'node:stream/promises';
import { Readable } from 'node:stream';
import type { Request, Response } from 'express';
import { z } from 'zod';
import type { Clock } from '../../base/clock.ts';
import { FermataError } from '../../base/errors.ts';
import {
  EXPORT_FORMATS,
  IMPORT_FORMATS,
  ONE_FLOW_FORMATS,
  type FormatInfo,
} from '../../contract/index.ts';
import type { Flow } from '../../model/flow.ts';
import type { FlowSearch } from '../../model/search.ts';
import { whole } from '../parameters.ts';
import { read, type ExportedFlows, type QueryContext, type Route } from '../route.ts';
import { LIST_ONLY, readSearch, searchSchema } from '../search.ts';
import { missingFlow, resolve } from './flows.ts';

const MAX_EXPORTED = 100_000;
const exportOneQuery = z.strictObject({
  format: z.enum(ONE_FLOW_FORMATS).describe('Format of the file'),
});
const exportQuery = searchSchema.omit(LIST_ONLY).extend({
  format: z.enum(EXPORT_FORMATS).describe('Format of the file'),
  limit: whole(1, MAX_EXPORTED)
    .default(10_000)
    .describe('Most flows, oldest first; the header Fermata-Export-Total says how many there are'),
});
const importQuery = z.strictObject({
  format: z
    .enum(['', ...IMPORT_FORMATS])
    .default('')
    .describe('Format of the file; without it, it is guessed'),
  environment: z.string().min(1).max(200).default('imported').describe('Where the flows go'),
  teach: z
    .enum(['0', '1'])
    .default('0')
    .describe('1: its flows teach, are awaited and alert, like those that are received'),
  type: z.string().max(200).default('').describe('Type of the flows, where the file names none'),
  case: z.string().max(200).default('').describe('OCEL: type of the objects that are flows'),
  columns: z
    .string()
    .max(2000)
    .default('')
    .describe('CSV: `flow:Order No,step:Task,end:Done at`, where columns have other names'),
});

/**
 * Media types of exported files. Which one is used depends on the format that the caller chooses.
 */
const EXPORTED = [
  'application/json',
  'application/x-ndjson',
  'application/xml',
  'text/csv',
  'text/vnd.mermaid',
];

/** Routes for importing and exporting flows in foreign formats. */
export const EXCHANGE_ROUTES: readonly Route[] = [
  {
    operation: 'listFormats',
    path: '/api/v1/formats',
    scope: 'read',
    summary: 'Formats of imports and exports',
    handle: (context, _request, response) =>
      void response.json({ items: context.exchange.formats() }),
  },
  {
    operation: 'exportFlows',
    path: '/api/v1/flows/export',
    scope: 'read',
    summary: 'Flows of a filter as a file: CSV, OCEL, XES, OTLP, Zipkin',
    query: exportQuery,
    types: EXPORTED,
    handle: exportFlows,
  },
  {
    operation: 'exportFlow',
    path: '/api/v1/flows/{id}/export',
    scope: 'read',
    summary: 'One flow as a file or a diagram',
    query: exportOneQuery,
    types: EXPORTED,
    handle: exportFlow,
  },
  {
    operation: 'importFile',
    method: 'post',
    path: '/api/v1/import',
    scope: 'admin',
    summary: 'Import a file; the answer has a line of progress a second, and a report at its end',
    query: importQuery,
    types: ['application/x-ndjson'],
    errors: [429],
    handle: importFile,
    takesFile: true,
  },
];

/** Number of flows whose timelines are read from the store at once. */
const BLOCK = 200;
const PAGE = 1000;
/** Maximum number of raw spans that are read at once. A single flow may have more. */
const MAX_SPANS = 20_000;

/** Returns the flows that a search finds, for an export, oldest first. */
function flowsOf({ store }: QueryContext, search: FlowSearch, limit: number): ExportedFlows {
  const spans = createSpanReader(store);
  async function* heads(): AsyncIterable<Flow> {
    let left = limit;
    let after: FlowSearch['after'];
    do {
      const page = await store.listFlows({
        ...{ ...search, limit: Math.min(PAGE, left), order: { by: 'started', ascends: true } },
        ...(after && { after }),
      });
      const block = page.items.map(({ flow }) => flow);
      spans.expect(block);
      yield* block;
      left -= block.length;
      after = page.next ?? undefined;
    } while (after && left > 0);
  }
  async function* flows(): AsyncIterable<Flow> {
    let block: Flow[] = [];
    const whole = async function* (): AsyncIterable<Flow> {
      const found = await store.wholeFlows(block.map(({ id }) => id));
      const byId = new Map(found.map((flow) => [flow.id, flow]));
      spans.expect(block);
      for (const { id } of block) if (byId.has(id)) yield byId.get(id)!;
      block = [];
    };
    for await (const head of heads()) {
      block.push(head);
      if (block.length >= BLOCK) yield* whole();
    }
    yield* whole();
  }
  return { heads, flows, spansOf: (flow) => spans.of(flow) };
}

/**
 * Reads the raw spans of flows. Spans of several flows are read together, because each query has to
 * read the whole table.
 */
function createSpanReader(store: Pick<QueryContext['store'], 'spansOfFlows'>) {
  let expected: readonly Flow[] = [];
  let read: Awaited<ReturnType<typeof store.spansOfFlows>> = new Map();
  return {
    /** Sets the flows whose spans will be asked for next, in this order. */
    expect(flows: readonly Flow[]): void {
      expected = flows;
    },
    async of(flow: Flow): ReturnType<ExportedFlows['spansOf']> {
      const known = read.get(flow.id);
      if (known !== undefined) return known;
      const ids = [flow.id];
      let count = flow.spanCount;
      const at = expected.findIndex(({ id }) => id === flow.id);
      for (const next of at < 0 ? [] : expected.slice(at + 1)) {
        count += next.spanCount;
        if (count > MAX_SPANS) break;
        ids.push(next.id);
      }
      read = await store.spansOfFlows(ids);
      return read.get(flow.id) ?? [];
    },
  };
}

async function exportFlows(
  context: QueryContext,
  request: Request,
  response: Response,
): Promise<void> {
  const { format: name, limit, ...filter } = read(exportQuery, request.query);
  const format = context.exchange.format(name, 'exports');
  const given = Object.entries(filter).filter(([, value]) => value !== undefined);
  const search = readSearch(Object.fromEntries(given), context.clock.now());
  const { total } = await context.store.listFlows({ ...search, limit: 1 });
  response.setHeader('Fermata-Export-Total', total);
  response.setHeader('Fermata-Export-Cut', String(total > limit));
  const source = flowsOf(context, search, limit);
  await sendFile(context, response, format, 'flows', context.exchange.write(name, source));
}

async function exportFlow(
  context: QueryContext,
  request: Request,
  response: Response,
): Promise<void> {
  const { format: name } = read(exportOneQuery, request.query);
  const format = context.exchange.format(name, 'exportsOne');
  const id = await resolve(context, request, response, '/export');
  if (id === null) return;
  const row = await context.store.getFlow(id);
  if (row === null) throw missingFlow(id);
  const { flow } = row;
  const one = async function* (): AsyncIterable<Flow> {
    yield flow;
  };
  const source = { ...flowsOf(context, { limit: 1 }, 1), heads: one, flows: one };
  await sendFile(
    context,
    response,
    format,
    fileNameOf(flow),
    context.exchange.writeOne(name, flow, source),
  );
}

const fileNameOf = ({ key, id }: Flow): string => (key || id).replace(/[^\w.-]/g, '_').slice(0, 80);

async function sendFile(
  context: QueryContext,
  response: Response,
  { mediaType, extension }: FormatInfo,
  name: string,
  parts: AsyncIterable<string>,
): Promise<void> {
  response.setHeader('Content-Type', `${mediaType}; charset=utf-8`);
  response.setHeader('Content-Disposition', `attachment; filename="${name}.${extension}"`);
  try {
    await pipeline(Readable.from(paced(context.clock, parts, response)), response);
  } catch (error) {
    // A client that disconnected needs no error. One that is still connected notices that the file
    // is cut off.
    if (!response.destroyed) response.destroy(error as Error);
  }
}

async function importFile(
  context: QueryContext,
  request: Request,
  response: Response,
): Promise<void> {
  const { type, case: caseType, columns, teach, ...rest } = read(importQuery, request.query);
  const left = new AbortController();
  response.once('close', () => left.abort());
  const asked = {
    ...{ ...rest, flowType: type, caseType, teaches: teach === '1', signal: left.signal },
    columns: columnsOf(columns),
  };
  const write = (line: object): void => void response.write(`${JSON.stringify(line)}\n`);
  response.setHeader('Content-Type', 'application/x-ndjson');
  const report = await context.exchange.import(patient(context.clock, request), asked, write);
  if (response.destroyed) return;
  // If the file is small, nothing was written yet, and the status can tell how the import ended.
  if (!response.headersSent && report.error) response.status(400);
  // If the import ended before the whole file was read, the rest of the body is not read.
  if (!request.complete) {
    if (!response.headersSent) response.setHeader('Connection', 'close');
    response.once('finish', () => request.destroy());
  }
  response.end(`${JSON.stringify(report)}\n`);
}

/**
 * Maximum time between two pieces of a file, ms, for the sender of an import and the reader of an
 * export.
 */
const MAX_SILENCE_MS = 30_000;

/**
 * Yields the parts of a file. Closes the connection if the client reads nothing for a while,
 * because other exports wait for this one.
 */
async function* paced(
  clock: Clock,
  parts: AsyncIterable<string>,
  response: Response,
): AsyncIterable<string> {
  for await (const part of parts) {
    const cancel = clock.after(MAX_SILENCE_MS, () => response.destroy());
    yield part;
    cancel();
  }
}

/**
 * Yields the body of a request. Fails if the sender sends nothing for a while, because an import
 * holds memory and one of the few places for imports.
 */
async function* patient(clock: Clock, request: Request): AsyncIterable<Uint8Array> {
  const chunks = (request as AsyncIterable<Uint8Array>)[Symbol.asyncIterator]();
  for (;;) {
    let cancel = (): void => {};
    const silence = new Promise<never>((_resolve, reject) => {
      cancel = clock.after(MAX_SILENCE_MS, () =>
        reject(new FermataError('import.malformed', 'the sender of the file fell silent')),
      );
    });
    try {
      const next = await Promise.race([chunks.next(), silence]);
      if (next.done) return;
      yield next.value;
    } catch (error) {
      if (error instanceof FermataError) throw error;
      throw new FermataError('import.malformed', 'the connection ended before the file did', {
        cause: error,
      });
    } finally {
      cancel();
    }
  }
}

/**
 * Reads the parameter `columns`, such as `flow:Order No,step:Task`, into pairs of field and column.
 */
function columnsOf(text: string): Record<string, string> {
  const pairs = text.split(',').filter((pair) => pair.trim() !== '');
  return Object.fromEntries(
    pairs.map((pair) => {
      const at = pair.indexOf(':');
      if (at < 1)
        throw new FermataError('query.invalid', `columns: "${pair.slice(0, 60)}" names none`);
      return [pair.slice(0, at).trim(), pair.slice(at + 1).trim()];
    }),
  );
}
