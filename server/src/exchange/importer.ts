import type { Clock } from '../base/clock.ts';
import type { Counters } from '../base/counters.ts';
import { FermataError, messageOf } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import type { ImportProgress, ImportReport } from '../contract/index.ts';
import { excerpt } from '../model/cut-text.ts';
import { emptyExport, type OtlpExport } from '../model/otlp.ts';
import type { FormatName, Item, ReadOptions } from './format.ts';
import { FORMATS } from './formats/index.ts';
import { GUESS_BYTES, guessFormat } from './guess.ts';
import { decompressed } from './input/decompress.ts';
import { malformed } from './input/limits.ts';
import { GROUP_WEIGHT, weightOfRequest } from './weight.ts';
import { createRebase, type Target } from './rebase.ts';

/** What is imported, and where to. */
export interface ImportRequest extends Target, Omit<ReadOptions, 'decode'> {
  /** Name of the format; '' to guess it by the beginning of the file. */
  format: FormatName | '';
}

export interface ImporterOptions {
  clock: Clock;
  counters: Counters;
  log: Log;
  /** Commits and correlates a request, as one that was received. */
  offer: (request: OtlpExport) => Promise<void>;
  decode: ReadOptions['decode'];
}

export interface Importer {
  /**
   * Reads a file and commits what is in it. Rejects if the format is unknown; once anything was
   * read, errors are in the report. `report` is told of progress, at most once a second.
   */
  run(
    chunks: AsyncIterable<Uint8Array>,
    request: ImportRequest,
    report: (progress: ImportProgress) => void,
  ): Promise<ImportReport>;
}

/** Records that are committed together, which costs the same however few there are. */
const GROUP = 5000;
/** Groups that may wait for their commit, while the next one is read. */
const MAX_IN_FLIGHT = 2;
const MAX_REASONS = 100;
/** The largest byte that is a blank or the end of a line. */
const BLANK = 32;
const PROGRESS_MS = 1000;
/** A full intake, or a store that does not answer, is asked again this often, for so long. */
const RETRY_MS = 500;
const MAX_TRIES = 240;

export function createImporter({ clock, counters, log, offer, decode }: ImporterOptions): Importer {
  const pause = (): Promise<void> => new Promise((resolve) => clock.after(RETRY_MS, resolve));
  const commit = async (request: OtlpExport): Promise<void> => {
    for (let tries = 1; ; tries++)
      try {
        return await offer(request);
      } catch (error) {
        const mayPass = error instanceof FermataError && error.retryable;
        if (!mayPass || error.code === 'intake.stopping' || tries >= MAX_TRIES) throw error;
        await pause();
      }
  };
  return {
    async run(chunks, request, report) {
      const startedMs = clock.now();
      const tally = createTally(clock, report);
      const content = tally.counted(decompressed(chunks, tally.cannotGoOn));
      const { name, bytes } = await begin(content, request.format);
      const rebase = createRebase(request);
      const groups = createGroups(tally, commit);
      const end = (error?: ImportReport['error']): ImportReport => ({
        ...tally.progress(),
        ...{ done: error === undefined, format: name ?? '', environment: request.environment },
        ...{ ms: clock.now() - startedMs, reasons: tally.reasons() },
        ...(error && { error }),
      });
      // Whoever goes on where all was committed sends nothing more, of which no format can be told.
      if (name === null) return end();
      const { read, keepsTraces = false } = FORMATS[name];
      try {
        for await (const item of read!(bytes, { ...request, decode })) {
          if (item.kind === 'skipped') tally.skip(item);
          else await groups.add(rebase(item.request, keepsTraces), item.end);
        }
        await groups.flush();
        if (tally.isEmpty() && !tally.isBlank())
          throw malformed(`nothing in the file is of the format ${name}`);
        counters.add('fermata_imported_records_total', tally.progress().records);
        return end();
      } catch (error) {
        // What was read before the file turned out to be broken is as good as that of a whole file.
        await groups.flush().catch(() => undefined);
        await groups.settle();
        counters.add('fermata_imported_records_total', tally.progress().records);
        counters.add('fermata_failed_imports_total');
        log.warn({ format: name, detail: messageOf(error).slice(0, 300) }, 'an import ended early');
        return end(problemOf(error));
      }
    },
  };
}

function problemOf(error: unknown): NonNullable<ImportReport['error']> {
  if (error instanceof FermataError)
    return {
      ...{ code: error.code, detail: error.message },
      ...(error.hint !== undefined && { hint: error.hint }),
    };
  return { code: 'import.failed', detail: messageOf(error).slice(0, 300) };
}

/**
 * Reads the beginning of a file, by which its format is guessed if nobody said it. The format is
 * null if there is nothing in the file.
 */
async function begin(
  chunks: AsyncIterable<Uint8Array>,
  format: FormatName | '',
): Promise<{ name: FormatName | null; bytes: AsyncIterable<Uint8Array> }> {
  if (format !== '') return { name: format, bytes: chunks };
  const input = chunks[Symbol.asyncIterator]();
  const first: Uint8Array[] = [];
  for (let size = 0; size < GUESS_BYTES;) {
    const next = await input.next();
    if (next.done) break;
    first.push(next.value);
    size += next.value.length;
  }
  const text = Buffer.concat(first).subarray(0, GUESS_BYTES).toString();
  const name = guessFormat(text);
  if (name === null && text.trim() !== '')
    throw malformed('the file is of no known format', 'Name it: format=csv, for example.');
  const bytes = async function* (): AsyncIterable<Uint8Array> {
    yield* first;
    yield* { [Symbol.asyncIterator]: () => input };
  };
  return { name, bytes: bytes() };
}

type Tally = ReturnType<typeof createTally>;

/** Counts what was read, committed and left out. */
function createTally(clock: Clock, report: (progress: ImportProgress) => void) {
  const reasons = new Map<string, { what: string; count: number }>();
  const sum: ImportProgress = { bytes: 0, committedBytes: 0, records: 0, skipped: 0 };
  let toldMs = clock.now();
  let isCompressed = false;
  let isBlank = true;
  return {
    async *counted(chunks: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
      for await (const chunk of chunks) {
        isBlank &&= chunk.every((byte) => byte <= BLANK);
        yield chunk;
        sum.bytes += chunk.length;
      }
    },
    skip({ what, why, count = 1 }: Extract<Item, { kind: 'skipped' }>): void {
      sum.skipped += count;
      const reason = excerpt(why, 300);
      const known = reasons.get(reason);
      if (known) known.count += count;
      else if (reasons.size < MAX_REASONS) reasons.set(reason, { what: excerpt(what, 300), count });
    },
    committed(records: number, end: number | null): void {
      sum.records += records;
      sum.committedBytes = isCompressed ? null : end;
      if (clock.now() - toldMs < PROGRESS_MS) return;
      toldMs = clock.now();
      report({ ...sum });
    },
    /** Says that places in what is read are no places in the file, from which it could be sent. */
    cannotGoOn: (): void => {
      isCompressed = true;
      sum.committedBytes = null;
    },
    /** Tells whether the file has nothing in it, such as the rest of one that was read before. */
    isBlank: (): boolean => isBlank,
    progress: (): ImportProgress => ({ ...sum }),
    reasons: (): ImportReport['reasons'] => [...reasons].map(([why, of]) => ({ why, ...of })),
    isEmpty: (): boolean => sum.records === 0 && sum.skipped === 0,
  };
}

/** Puts requests together, and commits a few groups at a time, in order. */
function createGroups(tally: Tally, commit: (request: OtlpExport) => Promise<void>) {
  let group = emptyExport();
  let end: number | null = null;
  const inFlight: Promise<void>[] = [];
  let hasFailed = false;
  let weight = 0;
  const sizeOf = ({ spans, logs }: OtlpExport): number => spans.length + logs.length;
  const send = async (): Promise<void> => {
    const size = sizeOf(group);
    if (size === 0) return;
    const [request, upTo, before] = [group, end, inFlight.at(-1)];
    group = emptyExport();
    weight = 0;
    const done = commit(request).then(async () => {
      await before;
      tally.committed(size, upTo);
    });
    // Whoever awaits it next handles the error, which until then must not count as unhandled.
    done.catch(() => (hasFailed = true));
    inFlight.push(done);
    if (inFlight.length > MAX_IN_FLIGHT) await inFlight.shift();
  };
  return {
    async add(request: OtlpExport, upTo: number | undefined): Promise<void> {
      for (const span of request.spans) group.spans.push(span);
      for (const log of request.logs) group.logs.push(log);
      end = upTo ?? null;
      weight += weightOfRequest(request);
      if (sizeOf(group) >= GROUP || weight >= GROUP_WEIGHT) await send();
    },
    /** Commits what is left, unless a commit has failed: then no other follows it. */
    async flush(): Promise<void> {
      if (!hasFailed) await send();
      while (inFlight.length > 0) await inFlight.shift();
    },
    /** Waits for what is being committed, whatever becomes of it. */
    async settle(): Promise<void> {
      await Promise.allSettled(inFlight.splice(0));
    },
  };
}
