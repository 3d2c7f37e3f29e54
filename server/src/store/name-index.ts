import { SPAN, WORTHLESS } from '../model/names.ts';
import { traceIdOf } from '../model/span.ts';
import type { QueryRows } from './connection/port.ts';
import type { Evidence } from './evidence.ts';
import type { NameIndex, StoredFlow } from './port/index.ts';
import { chunksOf, isTooBig } from './rows/chunked-reader.ts';
import { keysOf } from './rows/flow.ts';
import type { ReadRows } from './rows/tolerant-reader.ts';
import {
  endOfNamesBlock,
  LOADED_BY_IDS,
  loadedByNames,
  nameHashesBlock,
  NAMES_BY_MINUTE,
} from './sql/names.sql.ts';

export interface NameIndexOptions {
  query: QueryRows;
  spansAt: Evidence['spansAt'];
  readRows: ReadRows;
  now: () => number;
}

/** A row of `flows` whose spans are to be loaded. */
interface LoadedRow {
  id: string;
  version: string;
  deleted: number;
  moved_to: string;
  members: string;
  tokens: string[];
  causes: string;
}

/** The fields of a row by which `isWanted` decides whether the row's spans are loaded. */
interface Candidate {
  keys: string[];
  tokens: string[];
}

/** Number of flows whose names one query hashes. The result then has a few megabytes of hashes. */
const NAMED_AT_ONCE = 100_000;
const MINUTE_MS = 60_000;
/** An instant after any row was received. As `sinceMs`, it excludes all flows except open ones. */
const NEVER_MS = Number.MAX_SAFE_INTEGER;

/**
 * Creates the index that finds flows and unattributed spans by their names, so that flows which
 * were evicted from memory can be loaded again.
 */
export function createNameIndex(options: NameIndexOptions): NameIndex {
  const { query } = options;
  return {
    async names(most, onWorthless) {
      const sinceMs = await receivedSince(query, most);
      return { all: sinceMs === 0, hashes: nameHashes(options, sinceMs, onWorthless) };
    },
    namesOfOpenFlows: () => nameHashes(options, NEVER_MS),
    async loadByNames(names, bound) {
      const wanted = { spans: new Set<string>(), tokens: new Set<string>() };
      for (const name of names)
        if (name.startsWith(SPAN)) wanted.spans.add(name.slice(SPAN.length));
        else wanted.tokens.add(name);
      const counts = new Map<string, number>();
      // Returns whether a row has one of the wanted spans or tokens. The check is needed because a
      // query by trace also returns rows with other spans of the trace. As a side effect, counts
      // the rows of each token.
      const isWanted = ({ keys, tokens }: Candidate): boolean => {
        const has = tokens.filter((token) => wanted.tokens.has(token));
        for (const token of has) counts.set(token, (counts.get(token) ?? 0) + 1);
        return has.length > 0 || keys.some((key) => wanted.spans.has(key));
      };
      const flows = new Map<string, StoredFlow>();
      const load = async (sql: string, some: string[]): Promise<void> => {
        const rows = await query<LoadedRow>(sql, { names: some });
        for (const flow of await withSpans(options, rows, isWanted)) flows.set(flow.id, flow);
      };
      const traces = new Set([...wanted.spans].map(traceIdOf));
      for (const some of chunksOf(traces)) await load(loadedByNames('trace_ids'), some);
      for (const some of chunksOf(wanted.tokens))
        await load(loadedByNames('tokens', bound?.most), some);
      for (const [token, count] of counts) if (bound && count >= bound.most) bound.onCut(token);
      return [...flows.values()];
    },
    async loadByIds(ids) {
      const found: LoadedRow[] = [];
      const asked = new Set(ids);
      // A tombstone may point to another tombstone, so repeat until all ids lead to flows.
      for (let next = [...asked]; next.length > 0;) {
        const moved: string[] = [];
        for (const some of chunksOf(next))
          for (const row of await query<LoadedRow>(LOADED_BY_IDS, { ids: some }))
            if (row.deleted !== 1) found.push(row);
            else if (row.moved_to !== '') moved.push(row.moved_to);
        next = [...new Set(moved)].filter((id) => !asked.has(id));
        for (const id of next) asked.add(id);
      }
      return withSpans(options, found);
    },
  };
}

/**
 * Returns the time since which about `most` names were received, epoch ms; 0 if all rows together
 * have at most `most` names.
 */
async function receivedSince(query: QueryRows, most: number): Promise<number> {
  const minutes = await query<{ minute: string; names: string }>(NAMES_BY_MINUTE);
  let left = most;
  const tooMany = minutes.find(({ names }) => (left -= Number(names)) < 0);
  return tooMany === undefined ? 0 : (Number(tooMany.minute) + 1) * MINUTE_MS;
}

async function* nameHashes(
  { query, now }: NameIndexOptions,
  sinceMs: number,
  onWorthless: (tokens: string[]) => void = () => undefined,
): AsyncIterable<Buffer> {
  // Use the same instant for all blocks, so that no flow changes from open to settled between two
  // blocks.
  const sql = nameHashesBlock(now(), sinceMs);
  let size = NAMED_AT_ONCE;
  for (let after: string | undefined = ''; after !== undefined;) {
    const next: { id: string }[] = await query<{ id: string }>(endOfNamesBlock(size), { after });
    const upTo = next[0]?.id;
    let rows: { hashes: string; worthless: string[] }[];
    try {
      rows = await query(sql, { after, upTo: upTo ?? '' });
    } catch (error) {
      if (!isTooBig(error) || size === 1) throw error;
      size = Math.ceil(size / 10);
      continue;
    }
    for (const { hashes, worthless } of rows) {
      if (worthless.length > 0) onWorthless(worthless.map((mark) => mark.slice(WORTHLESS.length)));
      yield Buffer.from(hashes, 'hex');
    }
    after = upTo;
  }
}

async function withSpans(
  { spansAt, readRows }: NameIndexOptions,
  rows: readonly LoadedRow[],
  isWanted: (row: Candidate) => boolean = () => true,
): Promise<StoredFlow[]> {
  const flows = readRows(rows, ({ members, causes, ...row }) => ({
    ...row,
    keys: keysOf(members),
    causes: JSON.parse(causes) as StoredFlow['causes'],
  })).filter(isWanted);
  if (flows.length === 0) return [];
  const spans = await spansAt(flows.flatMap((flow) => flow.keys));
  return flows.map(({ id, version, keys, causes }) => ({
    id,
    version: Number(version),
    members: keys.flatMap((key) => spans.get(key) ?? []),
    causes,
  }));
}
