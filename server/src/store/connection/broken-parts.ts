import type { Log } from '../../base/log.ts';
import type { Counters } from '../../base/counters.ts';
import { messageOf } from '../../base/errors.ts';
import type { Connection } from './port.ts';
import { isPartName } from './part-inventory.ts';

/**
 * A part of a table that cannot be read (a flipped bit, a file that is empty) fails every query that touches it, for
 * ever. It is put aside: what can be read of it is inserted again, and the part goes to `detached/`, where it is kept.
 * Twice inserted rows are what reads expect of `records` and of versioned tables.
 */
export interface BrokenParts {
  /** Whether a query that failed so is worth another try: the part that it names was broken, and is put aside now. */
  putAside(error: unknown): Promise<boolean>;
  /** Looks at the parts that were written last, where a loss of power strikes. */
  verifyLatest(isStopping: () => boolean): Promise<void>;
}

export interface BrokenPartsOptions {
  query: Connection['query'];
  counters: Counters;
  log: Log;
  /** Noted before the part is gone: a crash in between must not hide it. */
  onLosing(table: string): void;
  onLost(table: string): void;
}

interface Part {
  table: string;
  name: string;
}

/** How the engine names the part that it was reading: by its path. */
const PATH = /\/store\/[0-9a-f]{3}\/([0-9a-f-]{36})\/([^/\s:]+)\//;
/** In so few rows, what cannot be read is given up. */
const FEWEST_ROWS = 64;
/** A part in ruins is not asked for its rows one by one. */
const MOST_LOST_PIECES = 2000;
const LATEST_S = 900;
const AT_LEISURE = 'max_execution_time = 3600, max_threads = 1';

export function createBrokenParts(options: BrokenPartsOptions): BrokenParts {
  const { query, counters, log } = options;
  const under = new Map<string, Promise<boolean>>();

  /** null: no part is named; `gone`: it was merged, or put aside, by now. */
  const partOf = async (error: unknown): Promise<Part | 'gone' | null> => {
    const [path, , name = ''] = PATH.exec(messageOf(error)) ?? [];
    if (path === undefined || !isPartName(name)) return null;
    // Where tables have no id of their own in the engine's lists, the path is theirs all the same.
    const [row] = await query<{ table: string }>(
      'SELECT table FROM system.parts WHERE database = currentDatabase() AND endsWith(path, {path:String})',
      { path },
    );
    return row ? { table: row.table, name } : 'gone';
  };
  const fault = async ({ table, name }: Part): Promise<string | null> => {
    const rows = await query<{ is_passed: number; message: string }>(
      `CHECK TABLE ${table} PART '${name}'`,
      {},
      `${AT_LEISURE}, check_query_single_value_result = 0`,
    );
    return rows.find(({ is_passed: isPassed }) => Number(isPassed) === 0)?.message ?? null;
  };
  const isActive = async ({ table, name }: Part): Promise<number | null> => {
    const [row] = await query<{ rows: string }>(
      `SELECT rows FROM system.parts WHERE database = currentDatabase() AND active AND table = {table:String} AND name = {name:String}`,
      { table, name },
    );
    return row ? Number(row.rows) : null;
  };

  const rowsIn = ({ table, name }: Part, from: number, to: number): string =>
    `FROM ${table} WHERE _part = '${name}' AND _part_offset >= ${from} AND _part_offset < ${to}`;
  /** Rows that can be read, as ranges. */
  const readable = async (part: Part, rows: number): Promise<[from: number, to: number][]> => {
    const found: [number, number][] = [];
    let lost = 0;
    const look = async (from: number, to: number): Promise<void> => {
      if (lost > MOST_LOST_PIECES) return;
      try {
        await query(`SELECT sum(cityHash64(tuple(*))) ${rowsIn(part, from, to)}`, {}, AT_LEISURE);
        const last = found.at(-1);
        if (last?.[1] === from) last[1] = to;
        else found.push([from, to]);
      } catch {
        if (to - from <= FEWEST_ROWS) {
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

  const repair = async (part: Part): Promise<boolean> => {
    const { table, name } = part;
    const rows = await isActive(part);
    // Merged, or put aside, by now.
    if (rows === null) return true;
    const reason = await fault(part);
    if (reason === null) return false;
    counters.add('fermata_broken_parts_total');
    log.error({ table, part: name, rows, detail: reason.slice(0, 300) }, 'a part of the store is broken');
    let saved = 0;
    for (const [from, to] of await readable(part, rows)) {
      await query(`INSERT INTO ${table} SELECT * ${rowsIn(part, from, to)}`, {}, AT_LEISURE);
      saved += to - from;
    }
    if (saved < rows) options.onLosing(table);
    await query(`ALTER TABLE ${table} DETACH PART '${name}'`);
    if (saved < rows) options.onLost(table);
    counters.add('fermata_lost_rows_total', rows - saved);
    log.error(
      { table, part: name, saved, lost: rows - saved },
      'it is put aside, in detached/ of its table; what could be read of it is kept',
    );
    return true;
  };
  const repairOnce = (part: Part): Promise<boolean> => {
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
    async putAside(error) {
      const part = await partOf(error).catch(() => null);
      return part === 'gone' || (part !== null && repairOnce(part));
    },
    async verifyLatest(isStopping) {
      const parts = await query<Part>(
        `SELECT table, name FROM system.parts WHERE database = currentDatabase() AND active AND modification_time >=
           (SELECT max(modification_time) FROM system.parts WHERE database = currentDatabase()) - ${LATEST_S}`,
      );
      for (const part of parts) {
        if (isStopping()) return;
        await repairOnce(part);
      }
    },
  };
}
