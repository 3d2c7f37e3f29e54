import { FermataError } from '../base/errors.ts';
import { createMutex } from '../base/mutex.ts';
import type { FormatInfo, ImportProgress, ImportReport } from '../contract/index.ts';
import type { Flow } from '../model/flow.ts';
import { FORMAT_NAMES, type FlowSource, type Format, type FormatName } from './format.ts';
import { FORMATS } from './formats/index.ts';
import { createImporter, type ImporterOptions, type ImportRequest } from './importer.ts';

export type { ImportRequest } from './importer.ts';

/**
 * Flows in formats of others. What is imported becomes spans that go through the intake like those
 * that are received: the journal, the acknowledgement and the limits are the same.
 */
export interface Exchange {
  formats(): FormatInfo[];
  /** Returns the format of this name, if flows can be handled in it as asked. */
  format(name: string, what: 'imports' | 'exports' | 'exportsOne'): FormatInfo;
  /** Writes many flows. One export runs at a time, because each reads many flows. */
  write(format: string, source: FlowSource): AsyncIterable<string>;
  /** Writes one flow. */
  writeOne(format: string, flow: Flow, source: FlowSource): AsyncIterable<string>;
  /** Reads a file. Rejects if as many imports run as may run at once. */
  import(
    chunks: AsyncIterable<Uint8Array>,
    request: Omit<ImportRequest, 'format'> & { format: string },
    report: (progress: ImportProgress) => void,
  ): Promise<ImportReport>;
}

/** Imports that may run at once, each of which holds some tens of megabytes. */
const MAX_IMPORTS = 2;

export function createExchange(options: ImporterOptions): Exchange {
  const importer = createImporter(options);
  const exports = createMutex();
  let imports = 0;
  const find = (name: string, what: 'imports' | 'exports' | 'exportsOne'): FormatInfo => {
    const info = infos().find((one) => one.name === name);
    if (info?.[what]) return info;
    const known = infos()
      .filter((one) => one[what])
      .map((one) => one.name);
    throw new FermataError(
      'query.invalid',
      `format: "${name.slice(0, 40)}" is none of ${known.join(', ')}`,
    );
  };
  return {
    formats: infos,
    format: find,
    async *write(name, source) {
      const turn = await takeTurn(exports);
      try {
        yield* formatOf(name).write!(source);
      } finally {
        turn.end();
      }
    },
    async *writeOne(name, flow, source) {
      const { writeOne, write } = formatOf(name);
      if (writeOne) yield writeOne(flow);
      else yield* write!(source);
    },
    async import(chunks, request, report) {
      const format = request.format === '' ? '' : find(request.format, 'imports').name;
      if (imports >= MAX_IMPORTS)
        throw new FermataError('import.busy', `${imports} imports are running`, {
          retryable: true,
          hint: 'Wait until one of them has ended.',
        });
      imports++;
      try {
        return await importer.run(
          chunks,
          { ...request, format: format as FormatName | '' },
          report,
        );
      } finally {
        imports--;
      }
    },
  };
}

const formatOf = (name: string): Omit<Format, 'name'> => FORMATS[name as FormatName];
const infos = (): FormatInfo[] =>
  FORMAT_NAMES.map((name) => {
    const { label, mediaType, extension, read, write, writeOne } = FORMATS[name];
    return {
      ...{ name, label, mediaType, extension, imports: read !== undefined },
      ...{ exports: write !== undefined, exportsOne: (write ?? writeOne) !== undefined },
    };
  });

/** Waits for the turn of work that is a stream, and so has no single promise to run. */
function takeTurn(mutex: ReturnType<typeof createMutex>): Promise<{ end: () => void }> {
  return new Promise((resolve) => {
    void mutex.run(() => new Promise<void>((end) => resolve({ end })));
  });
}
