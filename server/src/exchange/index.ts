import { FermataError } from '../base/errors.ts';
import { createMutex } from '../base/mutex.ts';
import type { FormatInfo, ImportProgress, ImportReport } from '../contract/index.ts';
import type { Flow } from '../model/flow.ts';
import { FORMAT_NAMES, type FlowSource, type Format, type FormatName } from './format.ts';
import { FORMATS } from './formats/index.ts';
import { createImporter, type ImporterOptions, type ImportRequest } from './importer.ts';

export type { ImportRequest } from './importer.ts';

/**
 * Imports and exports flows in foreign formats. Imported spans go through the same intake as
 * received spans, with the same journal, acknowledgement and limits.
 */
export interface Exchange {
  formats(): FormatInfo[];
  /** Returns the format with this name. Throws if it does not support the requested operation. */
  format(name: string, what: 'imports' | 'exports' | 'exportsOne'): FormatInfo;
  /** Yields many flows as a file. Exports run one at a time, because each reads many flows. */
  write(format: string, source: FlowSource): AsyncIterable<string>;
  /** Yields one flow as a file. */
  writeOne(format: string, flow: Flow, source: FlowSource): AsyncIterable<string>;
  /** Imports a file. Rejects if the maximum number of imports is running. */
  import(
    chunks: AsyncIterable<Uint8Array>,
    request: Omit<ImportRequest, 'format'> & { format: string },
    report: (progress: ImportProgress) => void,
  ): Promise<ImportReport>;
}

/**
 * Maximum number of imports at the same time, because each takes some tens of megabytes of memory.
 */
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

/**
 * Waits until the mutex is free and takes it. It is released by `end`, because a stream has no
 * single promise that the mutex could await.
 */
function takeTurn(mutex: ReturnType<typeof createMutex>): Promise<{ end: () => void }> {
  return new Promise((resolve) => {
    void mutex.run(() => new Promise<void>((end) => resolve({ end })));
  });
}
