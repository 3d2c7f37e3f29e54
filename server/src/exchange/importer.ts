import type { Clock } from '../base/clock.ts';
import type { Counters } from '../base/counters.ts';
import { FermataError, messageOf } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import type { ImportProgress, ImportReport } from '../contract/index.ts';
import { yieldToEventLoop } from '../base/pause.ts';
import { excerpt } from '../model/cut-text.ts';
import { emptyExport, type OtlpExport } from '../model/otlp.ts';
import type { FormatName, Item, ReadOptions } from './format.ts';
import { FORMATS } from './formats/index.ts';
import { GUESS_BYTES, guessFormat } from './guess.ts';
import { decompressed } from './input/decompress.ts';
import { gathered } from './input/gather.ts';
import { malformed, tooLarge } from './input/limits.ts';
import { GROUP_WEIGHT, weightOfRequest } from './weight.ts';
import { createRebase, type Target } from './rebase.ts';

/** A file to import: how to read it and where its flows go. */
export interface ImportRequest extends Target, Omit<ReadOptions, 'decode'> {
  /** Name of the format; '' to guess the format from the beginning of the file. */
  format: FormatName | '';
  /** Aborted once nobody waits for the import any more. The import then ends early. */
  signal?: AbortSignal;
}

export interface ImporterOptions {
  clock: Clock;
  counters: Counters;
  log: Log;
  /** Commits and correlates a request in the same way as a received one. */
  offer: (request: OtlpExport) => Promise<void>;
  decode: ReadOptions['decode'];
}

export interface Importer {
  /**
   * Reads a file and commits its spans. Rejects if the format is not recognized; errors that occur
   * later are in the returned report. `report` is called with the progress, at most once a second.
   */
  run(
    chunks: AsyncIterable<Uint8Array>,
    request: ImportRequest,
    report: (progress: ImportProgress) => void,
  ): Promise<ImportReport>;
}

/**
 * Number of records that are committed together, because a commit costs the same for few as for
 * many records.
 */
const GROUP = 5000;
/** Maximum number of groups whose commits are awaited while further groups are read. */
const MAX_IN_FLIGHT = 2;
const MAX_REASONS = 100;
/**
 * Maximum number of records that give nothing, unless the others give more spans. Such a record may
 * have two bytes, of which gzip makes next to none, and takes as much time as one with a span.
 */
const MAX_EMPTY = 250_000;
/** The largest byte value that is white space. */
const BLANK = 32;
const PROGRESS_MS = 1000;
/**
 * Time between two tries, ms, if the intake is full or the store does not answer. `MAX_TRIES`
 * limits the number of tries.
 */
const RETRY_MS = 500;
const MAX_TRIES = 240;

export function createImporter({ clock, counters, log, offer, decode }: ImporterOptions): Importer {
  const pause = (): Promise<void> => new Promise((resolve) => clock.after(RETRY_MS, resolve));
  const commit = async (request: OtlpExport, isLeft: () => boolean): Promise<void> => {
    for (let tries = 1; ; tries++)
      try {
        return await offer(request);
      } catch (error) {
        const mayPass = error instanceof FermataError && error.retryable && !isLeft();
        if (!mayPass || error.code === 'intake.stopping' || tries >= MAX_TRIES) throw error;
        await pause();
      }
  };
  return {
    async run(chunks, request, report) {
      const startedMs = clock.now();
      const tally = createTally(clock, report);
      const isLeft = (): boolean => request.signal?.aborted === true;
      const content = gathered(decompressed(chunks, tally.cannotGoOn));
      const { name, bytes } = await begin(
        tally.counted(untilLeft(content, isLeft)),
        request.format,
      );
      const rebase = createRebase(request);
      const groups = createGroups(tally, (group) => commit(group, isLeft));
      const breathe = createBreath();
      const end = (error?: ImportReport['error']): ImportReport => ({
        ...tally.progress(),
        ...{ done: error === undefined, format: name ?? '', environment: request.environment },
        ...{ ms: clock.now() - startedMs, reasons: tally.reasons() },
        ...(error && { error }),
      });
      // The file is empty, as if an import is resumed at the end of a file. Nothing is to be read.
      if (name === null) return end();
      const { read, keepsTraces = false } = FORMATS[name];
      try {
        for await (const item of read!(bytes, { ...request, decode })) {
          await breathe(item);
          if (isLeft()) throw abandoned();
          tally.take(item);
          if (item.kind === 'skipped') tally.skip(item);
          else await groups.add(rebase(item.request, keepsTraces), item.end);
        }
        await groups.flush();
        if (tally.isEmpty() && !tally.isBlank())
          throw malformed(`nothing in the file is of the format ${name}`);
        counters.add('fermata_imported_records_total', tally.progress().records);
        return end();
      } catch (problem) {
        // Whatever failed because the client is gone, that is the reason.
        const error = isLeft() ? abandoned() : problem;
        // Records before the error are committed like those of a file without errors.
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

const abandoned = (): FermataError =>
  new FermataError('import.abandoned', 'the client closed the connection before the import ended');

/** Yields the chunks until the client is gone, for readers that find no records in many of them. */
async function* untilLeft(
  chunks: AsyncIterable<Uint8Array>,
  isLeft: () => boolean,
): AsyncIterable<Uint8Array> {
  for await (const chunk of chunks) {
    if (isLeft()) throw abandoned();
    yield chunk;
  }
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
 * Reads the beginning of a file and guesses its format, if the format was not stated. The format is
 * null if the file is empty.
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

/** Records, links and parts that were left out, after which others have their turn. */
const BREATH = 1000;

/**
 * Lets the rest of the server work between the parts of a record, of which there may be a million:
 * reading them waits for nothing.
 */
function createBreath(): (item: Item) => Promise<void> | undefined {
  let taken = 0;
  return (item) => {
    taken++;
    if (item.kind === 'spans') {
      taken += item.request.logs.length;
      for (const { links } of item.request.spans) taken += 1 + links.length;
    }
    if (taken < BREATH) return undefined;
    taken = 0;
    return yieldToEventLoop();
  };
}

const sizeOf = ({ spans, logs }: OtlpExport): number => spans.length + logs.length;

type Tally = ReturnType<typeof createTally>;

/** Counts the bytes read, and the records committed and skipped. */
function createTally(clock: Clock, report: (progress: ImportProgress) => void) {
  const reasons = new Map<string, { what: string; count: number }>();
  const sum: ImportProgress = { bytes: 0, committedBytes: 0, records: 0, skipped: 0 };
  let toldMs = clock.now();
  let isCompressed = false;
  let isBlank = true;
  /** Number of records that gave nothing, and of spans and log records that the others gave. */
  let [empty, full] = [0, 0];
  return {
    async *counted(chunks: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
      for await (const chunk of chunks) {
        isBlank &&= chunk.every((byte) => byte <= BLANK);
        yield chunk;
        sum.bytes += chunk.length;
      }
    },
    /** Counts what a record gives. Throws if too many records give nothing. */
    take(item: Item): void {
      const given = item.kind === 'skipped' ? 0 : sizeOf(item.request);
      full += given;
      if (given === 0) empty++;
      if (empty > MAX_EMPTY && empty > full)
        throw tooLarge(
          `more than ${MAX_EMPTY} records give nothing, and the others fewer spans than that`,
          'Check that the file is of this format, or take out what has no spans.',
        );
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
    /**
     * Records that the file is compressed, so that numbers of decompressed bytes are no positions
     * in the file from which an import could be resumed.
     */
    cannotGoOn: (): void => {
      isCompressed = true;
      sum.committedBytes = null;
    },
    /**
     * Returns whether the file contained only white space, such as the rest of a file that was read
     * before.
     */
    isBlank: (): boolean => isBlank,
    progress: (): ImportProgress => ({ ...sum }),
    reasons: (): ImportReport['reasons'] => [...reasons].map(([why, of]) => ({ why, ...of })),
    isEmpty: (): boolean => sum.records === 0 && sum.skipped === 0,
  };
}

/** Collects requests into groups, and commits a few groups at a time, in order. */
function createGroups(tally: Tally, commit: (request: OtlpExport) => Promise<void>) {
  let group = emptyExport();
  let end: number | null = null;
  const inFlight: Promise<void>[] = [];
  let hasFailed = false;
  let weight = 0;
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
    // The next `await` of `done` handles its error. Until then the error must not count as
    // unhandled.
    done.catch(() => (hasFailed = true));
    inFlight.push(done);
    if (inFlight.length > MAX_IN_FLIGHT) await inFlight.shift();
  };
  return {
    async add(request: OtlpExport, upTo: number | undefined): Promise<void> {
      for (const span of request.spans) group.spans.push(span);
      for (const log of request.logs) group.logs.push(log);
      // Before the end of a record that has several parts, nothing more is whole.
      if (upTo !== undefined) end = upTo;
      weight += weightOfRequest(request);
      if (sizeOf(group) >= GROUP || weight >= GROUP_WEIGHT) await send();
    },
    /**
     * Commits the last group. To keep the order, the group is dropped if an earlier commit has
     * failed.
     */
    async flush(): Promise<void> {
      if (!hasFailed) await send();
      while (inFlight.length > 0) await inFlight.shift();
    },
    /** Waits until all commits have ended, whether they succeed or fail. */
    async settle(): Promise<void> {
      await Promise.allSettled(inFlight.splice(0));
    },
  };
}
