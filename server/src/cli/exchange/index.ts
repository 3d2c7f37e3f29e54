import { createWriteStream } from 'node:fs';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { z } from 'zod';
import { AskError, FILTER, filterSchema, flowNamed, parametersOf } from '../../ask/index.ts';
import type { ImportReport } from '../../contract/index.ts';
import { printable, type Command } from '../command.ts';
import { createBar } from './bar.ts';
import { importFile } from './import-file.ts';

const importInput = z.object({
  file: z.string().min(1).describe('File to send, or one compressed by gzip'),
  format: z.string().optional().describe('Format of the file; without it, it is guessed'),
  environment: z.string().optional().describe('Where the flows go; otherwise "imported"'),
  type: z.string().optional().describe('Type of the flows, where the file names none'),
  case: z.string().optional().describe('OCEL: type of the objects that are flows'),
  columns: z.string().optional().describe('CSV: flow:Order No,step:Task,end:Done at'),
  teach: z
    .boolean()
    .default(false)
    .describe('Its flows teach and alert, like those that are received'),
});

/** Command that sends a file of flows to the server. */
export const importCommand: Command = {
  name: 'import',
  help: 'Imports a file: OTLP, Jaeger, Zipkin, OCEL, XES, CSV, histories of Temporal, Cadence, Conductor. Goes on where it was when it is started again.',
  position: 'file',
  input: importInput,
  async run(client, given, isJson, { out, err, isTerminal, draw, now }) {
    const { file, teach, ...parameters } = importInput.parse(given);
    const report = await importFile({
      ...{ file, url: client.url, parameters: { ...parameters, ...(teach && { teach: '1' }) } },
      onProgress: createBar(draw, isTerminal, now),
      onWait: (problem) => err(`${problem}; trying again`),
    }).catch((error: unknown) => {
      const isOfFile = 'code' in (error as Error);
      const hint = isOfFile ? '' : 'Start it again: it goes on where it was.';
      throw new AskError(0, (error as Error).message, hint);
    });
    if (isTerminal) draw('\n');
    out(isJson ? JSON.stringify(report, null, 2) : printable(reportText(report)));
    return report.done ? 0 : 1;
  },
};

function reportText({
  format,
  environment,
  records,
  skipped,
  reasons,
  error,
}: ImportReport): string {
  const where = environment === '' ? '' : ` of ${format} in environment ${environment}`;
  const left = skipped > 0 ? `, ${skipped} left out:` : '';
  return [
    `${records.toLocaleString('en')} records${where}${left}`,
    ...reasons.map(({ why, what, count }) => `  ${count} × ${why} (${what})`),
    ...(error ? [`${error.code}: ${error.detail}`] : []),
    ...(error?.hint === undefined ? [] : [`  → ${error.hint}`]),
  ].join('\n');
}

async function* shown(body: Readable): AsyncIterable<string> {
  body.setEncoding('utf8');
  for await (const part of body) yield printable(part as string);
}

const exportInput = z.object({
  ...FILTER,
  format: z
    .string()
    .default('csv')
    .describe('csv, ocel, ocel-xml, xes, otlp, zipkin; of one flow mermaid, flowchart'),
  flow: z.string().optional().describe('Only this flow, by any name of it'),
  out: z.string().optional().describe('File to write; otherwise the standard output'),
  limit: z.number().int().min(1).max(100_000).optional().describe('Most flows, oldest first'),
});

/** Command that writes flows to a file. */
export const exportCommand: Command = {
  name: 'export',
  help: 'Exports flows as CSV, OCEL, XES or OTLP, or one flow as a Mermaid diagram.',
  position: 'query',
  input: exportInput,
  async run(client, given, _isJson, { err, stdout, now }) {
    const { format, flow, out: file, limit, ...filter } = exportInput.parse(given);
    const answer =
      flow === undefined
        ? await client.open('/api/v1/flows/export', {
            ...parametersOf(filterSchema.parse(filter), now()),
            ...{ format, limit },
          })
        : await client.open(
            `/api/v1/flows/${encodeURIComponent((await flowNamed(client, flow)).id)}/export`,
            { format },
          );
    const target = file === undefined ? stdout() : createWriteStream(file);
    const body = Readable.fromWeb(answer.body as Parameters<typeof Readable.fromWeb>[0]);
    // On a terminal, control characters in names are replaced. A file gets the data unchanged.
    const isShown = file === undefined && (target as { isTTY?: boolean }).isTTY === true;
    const parts = isShown ? shown(body) : body;
    await pipeline(parts, target, { end: file !== undefined }).catch((error: unknown) => {
      throw new AskError(0, `the file is cut off: ${(error as Error).message}`, '');
    });
    const total = answer.headers.get('fermata-export-total');
    const isCut = answer.headers.get('fermata-export-cut') === 'true';
    if (isCut) err(`the file has the oldest of ${total} flows; ask for more with --limit`);
    return 0;
  },
};
