import type { Log } from '../../base/log.ts';
import type { Counters } from '../../base/counters.ts';
import { messageOf } from '../../base/errors.ts';
import type { Connection } from './port.ts';
import {
  checkPart,
  copyRowsOfPart,
  detachPart,
  latestParts,
  readRowsOfPart,
  ROWS_OF_PART,
  TABLE_OF_PART,
  type PartName,
} from '../sql/system.sql.ts';
import { isPartName } from './part-inventory.ts';

/**
 * Quarantines broken parts. A part of a table that cannot be read (a flipped bit, an empty file)
 * makes every query on it fail forever. The readable rows of a broken part are inserted again, and
 * the part is moved to `detached/`. Some rows may then be stored twice, which is harmless, because
 * reads of `records` and of versioned tables return each row once.
 */
export interface BrokenParts {
  /**
   * Detaches the broken part that the error of a query names. Resolves to true if the query should
   * be retried, because the part is no longer in the table.
   */
  quarantine(error: unknown): Promise<boolean>;
  /**
   * Checks the parts that were written last, and quarantines those that are broken. A loss of power
   * damages the newest parts.
   */
  verifyLatest(isStopping: () => boolean): Promise<void>;
}

export interface BrokenPartsOptions {
  query: Connection['query'];
  counters: Counters;
  log: Log;
  /**
   * Called with the table's name before a broken part is detached. The loss of rows is thereby
   * recorded even if the process crashes while the part is being detached.
   */
  onLosing(table: string): void;
  onLost(table: string): void;
}

/** Matches the path of a part in an error of the engine, which was reading this part. */
const PATH = /\/store\/[0-9a-f]{3}\/([0-9a-f-]{36})\/([^/\s:]+)\//;
/**
 * Minimum size of the ranges, in rows, into which a part is split to find its unreadable rows. An
 * unreadable range of this size is lost as a whole.
 */
const MIN_ROWS = 64;
/**
 * Maximum number of unreadable ranges in one part. Beyond it, the remaining rows of the part are
 * abandoned, so that a badly damaged part is not read in thousands of small ranges.
 */
const MAX_LOST_RANGES = 2000;
const LATEST_S = 900;
const IN_BACKGROUND = 'max_execution_time = 3600, max_threads = 1';

export function createBrokenParts(options: BrokenPartsOptions): BrokenParts {
  const { query, counters, log } = options;
  const under = new Map<string, Promise<boolean>>();

  /**
   * Returns the part that an error names; null if the error names no part; `gone` if the part is no
   * longer in the table, because it was merged or detached meanwhile.
   */
  const partOf = async (error: unknown): Promise<PartName | 'gone' | null> => {
    const [path, , name = ''] = PATH.exec(messageOf(error)) ?? [];
    if (path === undefined || !isPartName(name)) return null;
    const [row] = await query<{ table: string }>(TABLE_OF_PART, { path });
    return row ? { table: row.table, name } : 'gone';
  };
  const fault = async (part: PartName): Promise<string | null> => {
    const rows = await query<{ is_passed: number; message: string }>(
      checkPart(part),
      {},
      `${IN_BACKGROUND}, check_query_single_value_result = 0`,
    );
    return rows.find(({ is_passed: isPassed }) => Number(isPassed) === 0)?.message ?? null;
  };
  const activeRows = async ({ table, name }: PartName): Promise<number | null> => {
    const [row] = await query<{ rows: string }>(ROWS_OF_PART, { table, name });
    return row ? Number(row.rows) : null;
  };

  /** Returns the ranges of rows in a part that can be read. */
  const readable = async (part: PartName, rows: number): Promise<[from: number, to: number][]> => {
    const found: [number, number][] = [];
    let lost = 0;
    const look = async (from: number, to: number): Promise<void> => {
      if (lost > MAX_LOST_RANGES) return;
      try {
        await query(readRowsOfPart(part, from, to), {}, IN_BACKGROUND);
        const last = found.at(-1);
        if (last?.[1] === from) last[1] = to;
        else found.push([from, to]);
      } catch {
        if (to - from <= MIN_ROWS) {
          lost++;
          return;
        }
        const middle = from + Math.ceil((to - from) / 2);
        await look(from, middle);
        await look(middle, to);
      }
    };
    await look(0, rows);
    return found;
  };

  const repair = async (part: PartName): Promise<boolean> => {
    const { table, name } = part;
    const rows = await activeRows(part);
    // The part was merged or detached meanwhile, so the failed query should be retried.
    if (rows === null) return true;
    const reason = await fault(part);
    if (reason === null) return false;
    counters.add('fermata_broken_parts_total');
    log.error(
      { table, part: name, rows, detail: reason.slice(0, 300) },
      'a part of the store is broken',
    );
    let saved = 0;
    for (const [from, to] of await readable(part, rows)) {
      await query(copyRowsOfPart(part, from, to), {}, IN_BACKGROUND);
      saved += to - from;
    }
    if (saved < rows) options.onLosing(table);
    await query(detachPart(part));
    if (saved < rows) options.onLost(table);
    counters.add('fermata_lost_rows_total', rows - saved);
    log.error(
      { table, part: name, saved, lost: rows - saved },
      'it is put aside, in detached/ of its table; what could be read of it is kept',
    );
    return true;
  };
  const repairOnce = (part: PartName): Promise<boolean> => {
    const key = `${part.table}/${part.name}`;
    let work = under.get(key);
    if (work === undefined) {
      work = repair(part)
        .catch((error: unknown) => {
          log.error(
            { ...part, detail: messageOf(error).slice(0, 300) },
            'a broken part could not be put aside',
          );
          return false;
        })
        .finally(() => under.delete(key));
      under.set(key, work);
    }
    return work;
  };

  return {
    async quarantine(error) {
      const part = await partOf(error).catch(() => null);
      return part === 'gone' || (part !== null && repairOnce(part));
    },
    async verifyLatest(isStopping) {
      const parts = await query<PartName>(latestParts(LATEST_S));
      for (const part of parts) {
        if (isStopping()) return;
        await repairOnce(part);
      }
    },
  };
}
