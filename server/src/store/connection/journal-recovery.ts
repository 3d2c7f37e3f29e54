import { mkdir, readdir, readFile, rename, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { Counters } from '../../base/counters.ts';
import { FermataError, messageOf } from '../../base/errors.ts';
import type { Log } from '../../base/log.ts';
import { lossOf, type Manifest, type ManifestFile } from './journal-manifest.ts';
import {
  hashOf,
  readSegment,
  sizeOf,
  type JournalTarget,
  type SegmentContents,
} from './journal-record.ts';

/**
 * Options of the recovery, which inserts the journal of a previous run of the process into the
 * table. Recovery deletes a file only if all of the file was read. It renames a damaged file
 * instead, logs and counts the missing records (guarded by journal-recovery.damage.test.ts).
 */
export interface RecoveryOptions {
  directory: string;
  /** What the rows of the journal are, for messages in the log. */
  holds: 'spans' | 'log records';
  log: Log;
  counters: Counters;
  target: JournalTarget;
  insert(target: JournalTarget, rows: Buffer): Promise<void>;
  /** Resolves to whether the table exists. Rejects if the engine cannot tell. */
  exists(table: string): Promise<boolean>;
}

export const SUFFIX = '.journal';
const OWN = /^(\d{12,15})\.journal$/;
/** Log messages for files that recovery keeps under another name, by the suffix of this name. */
const ASIDE = {
  damaged:
    'a file of the journal is damaged: so many acknowledged records are lost, the others are in the table ' +
    '(not exact: nobody can tell whether its last one was acknowledged). ' +
    'Check the disk; what is kept may be deleted when nobody needs it',
  torn:
    'the last record of the journal is incomplete: it was never acknowledged, unless the file was cut since. ' +
    'What is kept may be deleted when nobody needs it',
  foreign:
    'a file of the journal is for a table that does not exist: nothing of it was inserted. ' +
    'Give it its old name and start the version that wrote it, or delete it',
  unknown:
    'a file of the journal is damaged, and nothing tells for which table it is: nothing of it was inserted. ' +
    'Check the disk; what is kept may be deleted when nobody needs it',
} as const;
type Fate = keyof typeof ASIDE;
const KEPT = new RegExp(`^(\\d{12,15})\\.journal\\.(?:${Object.keys(ASIDE).join('|')})\\b`);
const DAMAGED_RECORDS = 'fermata_journal_damaged_records_total';
const MISSING_RECORDS = 'fermata_journal_missing_records_total';
/** Maximum size of one insert, bytes. */
const CHUNK_BYTES = 32 * 1024 * 1024;

/**
 * Recovers all segments, and returns the numbers of the next segment and the next record. If a
 * segment cannot be inserted now, rejects with `store.unavailable`, and keeps the files of all
 * segments that are not in the table.
 */
export async function recover(options: RecoveryOptions, file: ManifestFile): Promise<Position> {
  const { directory, log, counters } = options;
  // Create the counters with value 0 at the start. Otherwise a counter would appear together with
  // its first count, and monitoring would see no increase.
  counters.add(DAMAGED_RECORDS, 0);
  counters.add(MISSING_RECORDS, 0);
  await mkdir(directory, { recursive: true });
  const entries = await readdir(directory, { withFileTypes: true });
  const names = new Set(entries.map(({ name }) => name));
  const own = entries
    .filter((entry) => entry.isFile() && OWN.test(entry.name))
    .map(({ name }) => name);
  for (const { name } of entries)
    if (name.endsWith(SUFFIX) && !own.includes(name))
      log.warn(
        { path: join(directory, name) },
        'this is no file of the journal, and is left alone',
      );

  const recovery = createRecovery(options, file, await file.read(), names, own);
  const postponed: string[] = [];
  for (const name of own.sort()) if (!(await recovery.segment(name, false))) postponed.push(name);
  for (const name of postponed) await recovery.segment(name, true);
  await recovery.reportMissing();
  return recovery.position();
}

type Position = Pick<Manifest, 'number' | 'sequence'>;

interface Recovery {
  /**
   * Recovers a segment. Resolves to false if the segment does not name its target, but a segment
   * that is read later may tell the target. `isPostponed` is true once all other segments have been
   * read.
   */
  segment(name: string, isPostponed: boolean): Promise<boolean>;
  /** Reports the segments that the manifest lists but that do not exist. */
  reportMissing(): Promise<void>;
  position(): Position;
}

function createRecovery(
  options: RecoveryOptions,
  file: ManifestFile,
  { manifest, isDamaged }: Awaited<ReturnType<ManifestFile['read']>>,
  names: Set<string>,
  own: readonly string[],
): Recovery {
  const { directory, log, counters } = options;
  let live = manifest?.live ?? [];
  let sequence = manifest?.sequence ?? 0;
  let lacksManifest = isDamaged;
  let kept = [...names].filter((name) => KEPT.test(name)).length;
  const numbers = [...names].map((name) => numberOf((OWN.exec(name) ?? KEPT.exec(name))?.[1]));
  const number = Math.max(manifest?.number ?? 0, ...numbers);
  const newest = live.at(-1)?.number ?? Math.max(0, ...own.map(numberOf));
  const targets: Known[] = [manifest?.target ?? options.target, options.target].map((target) => ({
    target,
    version: 2,
  }));
  counters.gauge('fermata_journal_files_kept', () => kept);

  /**
   * Removes a segment from the manifest. Call this before the segment's file is deleted, because
   * otherwise the next start would report the file as missing. Call it after the segment's loss was
   * reported, because otherwise a crash would leave the loss unreported.
   */
  const removeFromManifest = async (gone: number): Promise<void> => {
    live = live.filter((one) => one.number !== gone);
    await file.save(() => ({ target: options.target, ...manifest, number, sequence, live }));
  };
  const nameAside = (name: string, fate: Fate): string => {
    let free = `${name}.${fate}`;
    for (let i = 2; names.has(free); i++) free = `${name}.${fate}.${i}`;
    names.add(free);
    return join(directory, free);
  };
  /**
   * Reports what a segment has lost, in the log and the counters. Returns the path to which the
   * segment's file must be renamed; undefined if the file may be deleted.
   */
  const report = (
    name: string,
    contents: SegmentContents,
    isTaken: boolean,
    hasTarget: boolean,
  ): string | undefined => {
    const { rows, damage, torn, zeros } = contents;
    const its = numberOf(name);
    const inManifest = live.find((one) => one.number === its);
    const loss = lossOf(contents, inManifest, its >= newest, manifest !== undefined);
    const records = loss.records + (isTaken || hasTarget ? 0 : rows.length);
    const unread = damage.reduce((sum, { bytes }) => sum + bytes, torn);
    const fate = fateOf(contents, records, isTaken, hasTarget);
    const aside = fate && nameAside(name, fate);
    const path = aside ?? join(directory, name);
    const facts = { path, records, isExact: loss.isExact, unread, zeros };
    counters.add(unread + zeros > 0 ? DAMAGED_RECORDS : MISSING_RECORDS, records);
    if (fate) log[fate === 'torn' ? 'warn' : 'error'](facts, ASIDE[fate]);
    else if (zeros > 0)
      log.warn(facts, 'the journal ends in zeros: power was lost in a write, or a page was');
    return aside;
  };

  return {
    async segment(name, isPostponed) {
      const path = join(directory, name);
      const its = numberOf(name);
      const inManifest = live.find((one) => one.number === its);
      const contents = readSegment(await readFile(path), inManifest?.random);
      const { version, rows } = contents;
      if (contents.target) targets.push({ version, target: contents.target });
      const target = contents.target ?? targetOf(contents, targets);
      if (target === undefined && rows.length > 0 && !isPostponed) return false;
      const payloads = rows.map(({ payload }) => payload);
      const isTaken = target
        ? await isInserted(options, path, target, payloads)
        : payloads.length === 0;
      if (isTaken)
        log.info(
          { path, bytes: sizeOf(payloads) },
          `${options.holds} from the journal of the last run`,
        );

      const aside = report(name, contents, isTaken, target !== undefined);
      if (version === 2 && rows.length > 0) {
        sequence = Math.max(sequence, rows.at(-1)!.sequence + 1);
        lacksManifest ||= manifest === undefined;
      }
      await removeFromManifest(its);
      if (aside === undefined) await unlink(path);
      else {
        await rename(path, aside);
        kept++;
      }
      return true;
    },
    async reportMissing() {
      for (const { number: gone, from, to } of live) {
        // The manifest does not tell where the newest segment ended. Every segment that was begun
        // holds at least one record, so count at least one.
        const records = gone === newest ? Math.max(1, to - from) : to - from;
        const path = join(directory, fileName(gone));
        counters.add(MISSING_RECORDS, records);
        log.error(
          { path, records, isExact: gone !== newest },
          'a file of the journal is missing: so many acknowledged records are lost. Check the disk',
        );
        await removeFromManifest(gone);
      }
      if (lacksManifest)
        log.error(
          { directory },
          'journal.state is missing or damaged: whether files of the journal are missing cannot be told. Check the disk',
        );
    },
    position: () => ({ number, sequence }),
  };
}

export const fileName = (number: number): string => String(number).padStart(12, '0') + SUFFIX;
const numberOf = (name = '0'): number => Number.parseInt(name, 10);

/**
 * Returns the reason for which a file must be kept under another name; undefined if all of the file
 * was read, so that it may be deleted.
 */
function fateOf(
  { damage, torn }: SegmentContents,
  lost: number,
  isTaken: boolean,
  hasTarget: boolean,
): Fate | undefined {
  if (!isTaken) return hasTarget ? 'foreign' : 'unknown';
  if (damage.length > 0 || lost > 0) return 'damaged';
  return torn > 0 ? 'torn' : undefined;
}

interface Known {
  version: 1 | 2;
  target: JournalTarget;
}

/**
 * Returns the target of a segment whose first record is damaged; undefined if no other segment
 * reveals the target. In format version 1 the other records do not identify the target, so all
 * other segments of that version must have the same target.
 */
function targetOf(
  { version, targetHash }: SegmentContents,
  known: readonly Known[],
): JournalTarget | undefined {
  const same = known.filter((one) => one.version === version).map(({ target }) => target);
  if (version === 2) return same.find((target) => hashOf(target) === targetHash);
  return new Set(same.map(hashOf)).size === 1 ? same[0] : undefined;
}

/**
 * Inserts payloads. Resolves to false if the table does not exist. Rejects if the table exists but
 * refuses the rows now, and the caller then deletes nothing.
 */
async function isInserted(
  options: RecoveryOptions,
  path: string,
  target: JournalTarget,
  payloads: readonly Buffer[],
): Promise<boolean> {
  try {
    for (const rows of chunksOf(payloads)) await options.insert(target, rows);
    return true;
  } catch (cause) {
    if ((await options.exists(target.table).catch(() => true)) === false) return false;
    throw new FermataError('store.unavailable', `${path} cannot be inserted: ${messageOf(cause)}`, {
      cause,
      hint: 'It holds spans that were acknowledged. Check the disk, or start the version that wrote it.',
    });
  }
}

function* chunksOf(payloads: readonly Buffer[]): Iterable<Buffer> {
  let chunk: Buffer[] = [];
  let bytes = 0;
  for (const payload of payloads) {
    chunk.push(payload);
    bytes += payload.length;
    if (bytes < CHUNK_BYTES) continue;
    yield Buffer.concat(chunk);
    chunk = [];
    bytes = 0;
  }
  if (chunk.length > 0) yield Buffer.concat(chunk);
}
