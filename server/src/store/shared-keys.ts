import type { Flow, Relation } from '../model/flow.ts';
import type { QueryRows } from './connection/port.ts';
import { isMeasure, namesFlow } from './key-names.ts';
import { FEW_SECONDS } from './relatives.ts';
import {
  flowsWithKeys,
  MAX_FOUND,
  MAX_RELATIVES,
  MAX_SHARING,
  SHARING_FLOWS,
} from './sql/relatives.sql.ts';

/** Maximum number of keys of a flow that are looked for in other flows. */
const MAX_KEYS = 8;

interface Sharing {
  id: string;
  type: string;
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
  const isTold = flow.flowId !== '' && !isMeasure('id', flow.flowId);
  const named: [name: string, value: string][] = [
    ...(isTold ? [['', flow.flowId] as [string, string]] : []),
    ...flow.keys.filter(([name, value]) => value !== '' && !isMeasure(name, value)),
  ];
  const keys = named.slice(0, MAX_KEYS);
  if (keys.length === 0) return [];
  const values = Object.fromEntries(keys.map(([, value], at) => [`value${at}`, value]));
  const found = await query<{ at: string; id: string }>(flowsWithKeys(keys.length), {
    environment: flow.environment,
    ...values,
  });
  const having = keys.map(
    (_key, at) => new Set(found.flatMap((row) => (Number(row.at) === at ? [row.id] : []))),
  );
  const few = having.filter(({ size }) => size <= MAX_FOUND).flatMap((ids) => [...ids]);
  const ids = [...new Set(few)].filter((id) => id !== flow.id);
  if (ids.length === 0) return [];
  const others = await query<Sharing>(SHARING_FLOWS, { ids }, FEW_SECONDS);
  // Only rows that are current count, and not what a flow was called earlier.
  const telling = keys.filter(([, value], at) => {
    if (having[at]!.size > MAX_FOUND) return false;
    const live = others.filter((one) => one.flow_id === value || one.key_values.includes(value));
    return live.length < MAX_SHARING;
  });
  const relations = others.flatMap((other): Relation[] => {
    const shared = sharedOf(flow, other, telling);
    const isRun = flow.flowId !== '' && firstRun(other.id) === firstRun(flow.id);
    return shared === null || isRun
      ? []
      : [{ flowId: other.id, kind: 'shares-key', viaSpanId: '', target: other.key, shared }];
  });
  return relations.slice(0, MAX_RELATIVES);
}

/** Returns the id of the first run of a flow. */
const firstRun = (id: string): string => id.replace(/\.\d+$/, '');

/** Returns the key that both flows have, `name=value`; null if it is none after all. */
function sharedOf(
  { flowId, type }: Flow,
  other: Sharing,
  keys: readonly (readonly [name: string, value: string])[],
): string | null {
  const ofOther = other.key_names.map((name, i) => [name, other.key_values[i]!] as const);
  for (const [name, value] of keys) {
    const same = ofOther.find(
      ([n, v]) => v === value && (n === name || (value === flowId && namesFlow(n, v, type))),
    );
    if (same !== undefined) return `${same[0]}=${value}`;
    if (other.flow_id !== value) continue;
    if (name === '') return value;
    if (namesFlow(name, value, other.type)) return `${name}=${value}`;
  }
  return null;
}
