import { mkdirSync, readFileSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { createClient, type ClickHouseClient } from '@clickhouse/client';
import { FermataError, messageOf } from '../../base/errors.ts';
import { bounded, type Connection, type Param } from './port.ts';
import type { Log } from '../../base/log.ts';
import { openSpool, type Spool } from './spool.ts';
import { tableDefinitions } from './table-definitions.ts';

/**
 * Runs chDB in this process, behind @clickhouse/client. A process opens one directory, with one
 * connection for spans, one for derived rows and three for reads, because queries of one connection
 * queue behind each other. Parameters are bound with `SET param_…` in the statement, because the
 * client's own binding makes queries of the whole process wait for each other.
 */
interface ChdbConnection {
  chdb: {
    rawInsert(params: {
      table: string;
      columns: readonly string[];
      format: string;
      values: Buffer;
    }): Promise<unknown>;
  };
}

interface Writer {
  client: ClickHouseClient;
  raw: ChdbConnection;
  spool: Spool;
}

interface Chdb {
  Session: new (path: string, options: { connectionArgs: string[] }) => { close(): void };
  drainPending(): Promise<void>;
}

const READERS = 3;
/**
 * Minimum free disk space, in bytes, for opening the engine. The engine writes while it opens, and
 * loses data if such a write fails.
 */
const MIN_FREE_BYTES = 64 * 1024 * 1024;

export function embeddedConnection(
  directory: string,
  memoryLimitBytes: number,
  log: Log,
  /** Called after the directory was locked and before the engine changes any file in it. */
  beforeOpening: () => void = () => undefined,
): Connection {
  const engineDirectory = join(directory, 'engine');
  const tables = tableDefinitions(engineDirectory, join(directory, 'tables'));
  let session: { close(): void } | undefined;
  let chdb: Chdb | undefined;
  let writer: Writer | undefined;
  /** Writer of all tables but `records`. Commits of spans do not wait for its connection. */
  let derivedWriter: Writer | undefined;
  let readers: { client: ClickHouseClient; raw: ChdbConnection }[] = [];
  let turn = 0;
  const pidFile = join(directory, 'fermata.pid');

  const reader = (): ClickHouseClient => readers[turn++ % readers.length]!.client;
  return {
    kind: 'embedded',
    async open() {
      const require = createRequire(import.meta.url);
      let connect: (options: { path: string }) => ChdbConnection;
      try {
        chdb = require('chdb') as Chdb;
        connect = (require('chdb/connection') as { createChdbConnection: typeof connect })
          .createChdbConnection;
      } catch (cause) {
        throw new FermataError(
          'store.missing-engine',
          'the embedded engine (chdb) is not installed',
          {
            cause,
            hint: 'It exists for glibc Linux and macOS. Elsewhere set CLICKHOUSE_URL to a ClickHouse server.',
          },
        );
      }
      checkLock(directory, pidFile);
      checkSpace(directory);
      for (const path of tables.restore())
        log.error(
          { path },
          'a table definition was empty, and is again what it was at the last start',
        );
      beforeOpening();
      try {
        session = new chdb.Session(engineDirectory, {
          connectionArgs: [
            // The engine counts all memory of the process, including the JavaScript heap.
            memoryLimitBytes > 0
              ? `--max_server_memory_usage=${memoryLimitBytes}`
              : '--max_server_memory_usage_to_ram_ratio=0.8',
            '--background_pool_size=2',
            '--mark_cache_size=268435456',
          ],
        });
      } catch (cause) {
        throw new FermataError(
          'store.unavailable',
          `cannot open ${engineDirectory}: ${messageOf(cause)}`,
          {
            cause,
            hint: 'Is another program using this directory? Set FERMATA_DATA_DIR to another one.',
          },
        );
      }
      // Write the pid file only now that the engine's own lock is held, because a process that
      // fails to get the lock must not overwrite the pid of the process that holds it.
      writeFileSync(pidFile, String(process.pid));
      const open = (): { client: ClickHouseClient; raw: ChdbConnection } => {
        const raw = connect({ path: engineDirectory });
        const connection = raw as unknown as NonNullable<
          Parameters<typeof createClient>[0]
        >['connection'];
        return { client: createClient({ connection: connection! }), raw };
      };
      writer = { ...open(), spool: await openSpool(join(directory, 'records.rows')) };
      derivedWriter = { ...open(), spool: await openSpool(join(directory, 'derived.rows')) };
      readers = Array.from({ length: READERS }, open);
      tables.keep();
    },
    async query(sql, params, settings) {
      const result = await reader().query({
        query: bound(bounded(sql, settings), params),
        format: 'JSONEachRow',
      });
      return result.json();
    },
    async command(sql) {
      await writer!.client.command({ query: sql });
      tables.keep();
    },
    async insert(table, columns, format, rows) {
      const { client, raw, spool } = (table === 'records' ? writer : derivedWriter)!;
      if (format !== 'RowBinary')
        await raw.chdb.rawInsert({ table, columns, format, values: Buffer.concat(rows) });
      else
        await spool.through(rows, (path) =>
          client.command({
            query: `INSERT INTO ${table} (${columns.join(', ')}) FROM INFILE ${literal(path)} FORMAT ${format}`,
          }),
        );
    },
    flush: () => Promise.resolve(),
    async ping() {
      return (await reader().ping()).success;
    },
    async close() {
      if (session === undefined) return;
      await Promise.all(
        [writer, derivedWriter, ...readers].flatMap((open) => (open ? [open.client.close()] : [])),
      );
      await writer?.spool.close();
      await derivedWriter?.spool.close();
      session.close();
      session = undefined;
      await chdb!.drainPending();
      rmSync(pidFile, { force: true });
    },
  };
}

/**
 * Throws if this process cannot use the directory. If another process has locked it, the error
 * contains its process id, whereas chDB reports only "Failed to create connection".
 */
function checkLock(directory: string, pidFile: string): void {
  try {
    if (/[*?{}]/.test(directory))
      throw new FermataError(
        'data.unusable',
        `the engine takes * ? { } in ${directory} for patterns`,
        {
          hint: 'Set FERMATA_DATA_DIR to a directory without these characters in its path.',
        },
      );
    mkdirSync(directory, { recursive: true });
    const holder = Number(readOr(pidFile, '0'));
    if (holder > 0 && holder !== process.pid && isAlive(holder))
      throw new FermataError(
        'data.locked',
        `${directory} is in use by Fermata with process id ${holder}`,
        {
          hint: 'Stop it, or set FERMATA_DATA_DIR to another directory.',
        },
      );
  } catch (cause) {
    if (cause instanceof FermataError) throw cause;
    throw new FermataError(
      'data.unwritable',
      `${directory} cannot be written: ${messageOf(cause)}`,
      {
        cause,
        hint: 'Set FERMATA_DATA_DIR to a directory that this user may write.',
      },
    );
  }
}

function checkSpace(directory: string): void {
  const { bavail, bsize } = statfsSync(directory);
  if (bavail * bsize < MIN_FREE_BYTES)
    throw new FermataError(
      'data.full',
      `${directory} has ${Math.round((bavail * bsize) / 1024)} KiB free, and ${MIN_FREE_BYTES / 1024 / 1024} MiB are needed to start`,
      {
        hint: 'Free some space on this disk, then start again. Nothing was touched, and nothing is lost.',
      },
    );
}

function readOr(path: string, otherwise: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return otherwise;
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    // The process with this id may be another program by now, which holds no lock. So check its
    // command, on platforms that provide it.
    const command = readOr(`/proc/${pid}/cmdline`, 'node');
    return command.includes('node');
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

export function bound(sql: string, params: Record<string, Param> = {}): string {
  const sets = Object.entries(params).map(
    ([name, value]) => `SET param_${name} = ${literal(paramText(value))};`,
  );
  return [...sets, sql].join(' ');
}

/** Formats a value in the text form in which ClickHouse reads a bound parameter. */
function paramText(value: Param): string {
  if (Array.isArray(value)) return `[${value.map((item) => literal(item)).join(',')}]`;
  return typeof value === 'string' ? escaped(value) : String(value);
}

const escaped = (text: string): string =>
  text
    .replace(/\\/g, '\\\\')
    .replace(/\t/g, '\\t')
    .replace(/\n/g, '\\n')
    .replace(/\r/g, '\\r')
    .replace(/\0/g, '\\0');
const literal = (text: string): string =>
  `'${text.replace(/\\/g, '\\\\').replace(/'/g, "\\'").replace(/\0/g, '\\0').replace(/\n/g, '\\n')}'`;
