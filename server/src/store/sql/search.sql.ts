import {
  isId,
  patternOf,
  startOfSearch,
  type FlowSearch,
  type NumberField,
  type Query,
  type TextField,
} from '../../model/search.ts';
import { kindOf, type TraitKind } from '../../analyze/index.ts';
import type { UnixNanos } from '../../model/time.ts';
import type { Param } from '../connection/port.ts';
import { usualDuration } from './catalog.sql.ts';
import { durationAt, isBefore, isSince } from './flows.sql.ts';
import { sql } from './sql.ts';

type Params = Record<string, Param>;

/**
 * Binds a value as a parameter of the query, and returns the placeholder of this parameter in SQL.
 */
type Bind = (value: Param, type: string) => string;

/**
 * Translates a search into an SQL condition on flows in their state at `nowMs`. Every value from
 * the search is bound as a parameter and not inserted into the text. `prefix` is put before the
 * names of parameters, so that one query can contain two such conditions.
 */
export function searchWhere(
  search: FlowSearch,
  nowMs: number,
  prefix = '',
): { where: string; params: Params } {
  const where = ['1'];
  const params: Params = {};
  const bound = (name: string, value: Param | undefined, condition: string): void => {
    if (value === undefined || (Array.isArray(value) && value.length === 0)) return;
    where.push(condition);
    params[name] = value;
  };
  bound('types', search.types, 'type IN {types:Array(String)}');
  bound('statuses', search.statuses, 'status IN {statuses:Array(String)}');
  bound('environments', search.environments, 'environment IN {environments:Array(String)}');
  bound('services', search.services, 'hasAny(services, {services:Array(String)})');
  if (search.incidents) {
    // An empty list of incidents must match no flow, so the condition is added for an empty list,
    // too.
    where.push('hasAny(incident_keys, {incidents:Array(String)})');
    params['incidents'] = search.incidents;
  }
  if (search.key !== undefined && search.key !== '') {
    const at = search.key.indexOf('=');
    bound('keyValue', search.key.slice(at + 1), at > 0 ? KEY_OF_NAME : ANY_KEY);
    if (at > 0) params['keyName'] = search.key.slice(0, at);
  }
  if (search.query !== undefined)
    where.push(queryWhere(search.query, nowMs, params, startOfSearch(search)));
  bound('from', search.from, isSince('{from:UInt64}'));
  bound('to', search.to, isBefore('{to:UInt64}'));
  const all = where.join('\nAND ');
  if (prefix === '') return { where: all, params };
  return {
    where: all.replace(/\{(\w+):/g, `{${prefix}$1:`),
    params: Object.fromEntries(
      Object.entries(params).map(([name, value]) => [`${prefix}${name}`, value]),
    ),
  };
}

const KEY_OF_NAME = sql`
  arrayExists(
    (n, v) -> n = {keyName:String} AND v = {keyValue:String},
    key_names,
    key_values
  )`;
const ANY_KEY = '(has(key_values, {keyValue:String}) OR flow_id = {keyValue:String})';

/**
 * Translates a query's syntax tree into an SQL condition. `search-match.ts` decides the same in
 * memory, and `testing/store-conformance.ts` guards that both agree. What is usual of a type is
 * measured over flows that started before `usualBefore`, or over all of them if it is null.
 */
export function queryWhere(
  query: Query,
  nowMs: number,
  params: Params,
  usualBefore: UnixNanos | null = null,
): string {
  const bind: Bind = (value, type) => {
    const name = `q${Object.keys(params).length}`;
    params[name] = value;
    return `{${name}:${type}}`;
  };
  const before = (): string | null => usualBefore && bind(usualBefore, 'UInt64');
  const say = (part: Query): string => {
    switch (part.kind) {
      case 'and':
      case 'or':
        return group(part.of.map(say), part.kind === 'and' ? 'AND' : 'OR');
      case 'not':
        return `(NOT ${say(part.of)})`;
      case 'field':
        return fieldWhere(bind, part);
      case 'number':
        return `(${NUMBERS[part.field](nowMs)} ${part.op} ${bind(part.value, 'Float64')})`;
      case 'usual':
        return sql`
          (
            ${durationAt(nowMs)} ${part.op} ${usualDuration(part.quantile, nowMs, before())}
          )`;
      case 'text': {
        const says = sql`
          positionCaseInsensitiveUTF8(
            ${SEARCHED},
            ${bind(part.text, 'String')}
          ) > 0`;
        return isId(part.text) ? group([says, isCalled(bind, part.text)], 'OR') : `(${says})`;
      }
      case 'trait':
        return hasTrait(bind, part.id);
      case 'attribute':
        return hasAttribute(bind, part);
      case 'time': {
        const at = bind(Math.round(part.atMs * 1000), 'Int64');
        return `(intDiv(started, 1000) ${part.op === 'since' ? '>=' : '<'} ${at})`;
      }
      case 'order':
        return orderWhere(bind, part, nowMs);
    }
  };
  return say(query);
}

type Kind<K extends Query['kind']> = Extract<Query, { kind: K }>;

const group = (conditions: readonly string[], operator: 'AND' | 'OR'): string => sql`
  (
    ${conditions.join(`\n${operator} `)}
  )`;

/**
 * Returns a condition that is true if the column matches a pattern, regardless of case. `*` in the
 * pattern matches any text. The wildcards of LIKE are escaped.
 */
const likes = (bind: Bind, column: string, pattern: string): string =>
  pattern.includes('*')
    ? `${column} ILIKE ${bind(pattern.replace(/[\\%_]/g, '\\$&').replaceAll('*', '%'), 'String')}`
    : `lowerUTF8(${column}) = ${bind(pattern.toLowerCase(), 'String')}`;

function fieldWhere(bind: Bind, { field, value }: Kind<'field'>): string {
  const has = sql`
    arrayExists(
      x -> x != '' AND ${likes(bind, 'x', patternOf(field, value))},
      ${field === 'key' && value.includes('=') ? NAMED_KEYS : LISTS[field]}
    )`;
  return field === 'id' && !value.includes('*') ? group([has, isCalled(bind, value)], 'OR') : has;
}

/** Columns of trait kinds. Kinds that are not listed here are in column `trait_ids`. */
const COLUMN_OF_KIND: Partial<Record<TraitKind, string>> = {
  node: 'node_ids',
  edge: 'edge_ids',
  segment: 'segment_ids',
  version: 'mark_ids',
  instance: 'mark_ids',
  service: 'mark_ids',
  style: 'mark_ids',
  audience: 'mark_ids',
};

/**
 * Returns a condition that is true if the flow has the trait. The trait's kind, which is part of
 * its id, determines the column.
 */
function hasTrait(bind: Bind, id: string): string {
  const bound = bind(String(BigInt(`0x${id}`)), 'UInt64');
  const kind = kindOf(BigInt(`0x${id}`));
  if (kind === 'variant') return `(variant = ${bound})`;
  return `has(${COLUMN_OF_KIND[kind] ?? 'trait_ids'}, ${bound})`;
}

/**
 * Returns a condition that is true if a span of the flow, or its resource, has an attribute with
 * this name and a value that matches the pattern. Line 2 of a record contains the span's attributes
 * as JSON, and line 3 those of the resource.
 */
function hasAttribute(bind: Bind, { name, value }: Kind<'attribute'>): string {
  const key = bind(name, 'String');
  const quoted = bind(`${JSON.stringify(name)}:`, 'String');
  const valueIn = (line: number): string =>
    likes(bind, `trim(BOTH '"' FROM JSONExtractRaw(lines[${line}], ${key}))`, value);
  return sql`
    id IN (
      SELECT id
      FROM (
        SELECT id, arrayJoin(splitByChar(',', members)) AS span
        FROM flows FINAL
        WHERE deleted = 0
      )
      WHERE span IN (
        WITH splitByChar('\\n', record) AS lines
        SELECT concat(trace_id, span_id)
        FROM records
        WHERE position(record, ${quoted}) > 0
        AND (
          ${valueIn(2)}
          OR ${valueIn(3)}
        )
      )
    )`;
}

/**
 * Returns a condition that is true if the name is the id of one of the flow's traces, or a former
 * id of the flow. Both are looked up by indexes, without reading all rows.
 */
function isCalled(bind: Bind, name: string): string {
  const bound = bind(name.toLowerCase(), 'String');
  return sql`
    (
      id IN (
        SELECT id
        FROM flows FINAL
        WHERE id IN (
          SELECT DISTINCT id
          FROM flows
          WHERE has(trace_ids, ${bound})
        )
        AND has(trace_ids, ${bound})
      )
      OR id IN (
        SELECT moved_to
        FROM flows FINAL
        WHERE id = ${bound} AND deleted = 1
      )
    )`;
}

/**
 * Returns a condition that is true if an event of the second name follows an event of the first
 * name. With `not`, the condition is true if no such event follows, and if the time limit (when
 * given) has passed at `nowMs`.
 *
 * Events of both names are put in one order, by time, the first name before the second, and beside
 * each of them the next of the second name. No lambda names a whole array: the engine copies
 * such an array for each element, so a flow of many steps took more memory than there is (guard:
 * an order in a flow of very many steps, `store-conformance.ts`).
 */
function orderWhere(bind: Bind, part: Kind<'order'>, nowMs: number): string {
  const timesOf = (pattern: string, isSecond: 0 | 1): string => sql`
    arrayMap(
      t -> (t, ${isSecond}),
      arrayFilter((t, n) -> ${likes(bind, 'n', pattern)}, event_times, event_names)
    )`;
  const within = part.withinMs === null ? null : bind(part.withinMs, 'Float64');
  const follows = `n.2 = 1${within === null ? '' : ` AND n.1 - e.1 <= ${within}`}`;
  const isOver = within === null ? '' : `\n  AND e.1 + ${within} < ${nowMs}`;
  const events = sql`
    arraySort(
      arrayConcat(
        ${timesOf(part.first, 0)},
        ${timesOf(part.then, 1)}
      )
    )`;
  return sql`
    arrayExists(
      (e, n) -> e.2 = 0 AND ${part.not ? `NOT (${follows})${isOver}` : follows},
      ${events},
      arrayReverseFill(
        n -> n.2 = 1,
        ${events}
      )
    )`;
}

/**
 * Texts that are compared with a pattern for `key:`. If all of them had the names of keys, `order*`
 * would find each flow that has a key `order.id`.
 */
const VALUES_OF_KEYS = 'arrayPushBack(key_values, flow_id)';
const NAMED_KEYS = sql`
  arrayConcat(
    ${VALUES_OF_KEYS},
    arrayMap((n, v) -> concat(n, '=', v), key_names, key_values)
  )`;
const LISTS: Record<TextField, string> = {
  status: '[status]',
  health: '[health]',
  outcome: '[outcome]',
  type: '[type]',
  service: 'services',
  environment: '[environment]',
  key: VALUES_OF_KEYS,
  id: '[id]',
  step: 'step_names',
  error: 'error_texts',
  failed: "arrayFilter((n, s) -> s = 'failed', step_names, step_statuses)",
  missing: 'waiting_steps',
  message: 'arrayConcat(hop_types, hop_destinations)',
  finding: 'finding_rules',
  badge: 'badges',
  parent: '[parent_id]',
};

const NUMBERS: Record<NumberField, (nowMs: number) => string> = {
  duration: durationAt,
  quiet: (now) => `${now} - intDiv(last_progress, 1000) / 1000`,
  wait: () => 'longest_wait_ms',
  retries: () => 'greatest(0, toInt64(most_attempts) - 1)',
  steps: () => 'step_count',
  failures: () => 'failed_steps',
  spans: () => 'span_count',
  run: () => 'run',
};

const SEARCHED = sql`
  concat(
    id, ' ', type, ' ', key, ' ',
    arrayStringConcat(services, ' '), ' ',
    arrayStringConcat(key_values, ' '), ' ',
    arrayStringConcat(step_names, ' '), ' ',
    arrayStringConcat(badges, ' ')
  )`;
