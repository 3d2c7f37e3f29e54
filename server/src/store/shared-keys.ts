import type { Flow, Relation } from '../model/flow.ts';
import type { QueryRows } from './connection/port.ts';
import { flowsWithKeys, MAX_SHARING, SHARING_FLOWS } from './sql/relatives.sql.ts';

/** Maximum number of keys of a flow that are looked for in other flows. */
const MAX_KEYS = 8;
/** Settings of the reads. A flow's page waits for them, and does without them rather than for long. */
const FEW_SECONDS = 'max_execution_time = 3';
/** A short number or one with decimals counts or measures something, and names nothing. */
const MEASURE = /^-?(\d{1,3}|\d*\.\d+)$/;

interface Sharing {
  id: string;
  key: string;
  flow_id: string;
  key_names: string[];
  key_values: string[];
}

/**
 * Finds flows that share a business key with a flow: that have the same value of the same key, that
 * have its explicit id as a key, or whose explicit id is a key of it. A value that more than
 * `MAX_SHARING` flows have says what kind of flow it is, as a country does, and relates none.
 */
export async function sharingFlows(query: QueryRows, flow: Flow): Promise<Relation[]> {
  const named: [name: string, value: string][] = [
    ...(flow.flowId === '' ? [] : [['', flow.flowId] as [string, string]]),
    ...flow.keys,
  ];
  const keys = named.filter(([, value]) => value !== '' && !MEASURE.test(value)).slice(0, MAX_KEYS);
  if (keys.length === 0) return [];
  const values = Object.fromEntries(keys.map(([, value], at) => [`value${at}`, value]));
  const found = await query<{ at: string; id: string }>(
    flowsWithKeys(keys.length),
    { environment: flow.environment, ...values },
    FEW_SECONDS,
  );
  const having = keys.map(
    (_key, at) => new Set(found.flatMap((row) => (Number(row.at) === at ? [row.id] : []))),
  );
  const telling = keys.filter((_key, at) => having[at]!.size <= MAX_SHARING);
  const few = having.filter(({ size }) => size <= MAX_SHARING).flatMap((ids) => [...ids]);
  const ids = [...new Set(few)].filter((id) => id !== flow.id);
  if (ids.length === 0) return [];
  const others = await query<Sharing>(SHARING_FLOWS, { ids }, FEW_SECONDS);
  return others.flatMap((other) => {
    const shared = sharedOf(flow, other, telling);
    const isRun = flow.flowId !== '' && firstRun(other.id) === firstRun(flow.id);
    return shared === null || isRun
      ? []
      : [{ flowId: other.id, kind: 'shares-key', viaSpanId: '', target: other.key, shared }];
  });
}

/** Returns the id of the first run of a flow. */
const firstRun = (id: string): string => id.replace(/\.\d+$/, '');

/** Returns the key that both flows have, `name=value`; null if it is none after all. */
function sharedOf(
  { flowId }: Flow,
  other: Sharing,
  keys: readonly (readonly [name: string, value: string])[],
): string | null {
  const ofOther = other.key_names.map((name, i) => [name, other.key_values[i]!] as const);
  for (const [name, value] of keys) {
    const same = ofOther.find(([n, v]) => v === value && (n === name || value === flowId));
    if (same !== undefined) return `${same[0]}=${value}`;
    if (other.flow_id === value) return name === '' ? value : `${name}=${value}`;
  }
  return null;
}
