import { isId, type NumberField, type Query, type TextField } from '../../model/search.ts';
import type { Param } from '../connection/port.ts';

/**
 * A query's tree as SQL over flows as they are seen now: fixed text, every value bound. `search-match.ts` says the same in
 * memory, and `testing/store-conformance.ts` holds the two together.
 */
export function toSql(query: Query, nowMs: number, params: Record<string, Param>): string {
  const bind = (value: Param, type: string): string => {
    const name = `q${Object.keys(params).length}`;
    params[name] = value;
    return `{${name}:${type}}`;
  };
  /** `*` stands for anything; LIKE's own wildcards are taken literally. */
  const likes = (column: string, pattern: string): string =>
    pattern.includes('*')
      ? `${column} ILIKE ${bind(pattern.replace(/[\\%_]/g, '\\$&').replaceAll('*', '%'), 'String')}`
      : `lowerUTF8(${column}) = ${bind(pattern.toLowerCase(), 'String')}`;
  const among = (list: string, pattern: string): string =>
    `arrayExists(x -> x != '' AND ${likes('x', pattern)}, ${list})`;
  /** By a trace that it is in, or by the name that it had before: what has it is found by indexes, not by reading all. */
  const isCalled = (name: string): string => {
    const bound = bind(name.toLowerCase(), 'String');
    const has = `has(trace_ids, ${bound})`;
    return `(id IN (SELECT id FROM flows FINAL WHERE id IN (SELECT DISTINCT id FROM flows WHERE ${has}) AND ${has})
      OR id IN (SELECT moved_to FROM flows FINAL WHERE id = ${bound} AND deleted = 1))`;
  };

  const say = (part: Query): string => {
    switch (part.kind) {
      case 'and':
      case 'or':
        return `(${part.of.map(say).join(part.kind === 'and' ? ' AND ' : ' OR ')})`;
      case 'not':
        return `(NOT ${say(part.of)})`;
      case 'field': {
        const is = among(LISTS[part.field], part.value);
        return part.field === 'id' && !part.value.includes('*') ? `(${is} OR ${isCalled(part.value)})` : is;
      }
      case 'number':
        return `(${NUMBERS[part.field](nowMs)} ${part.op} ${bind(part.value, 'Float64')})`;
      case 'text': {
        const says = `positionCaseInsensitiveUTF8(${SEARCHED}, ${bind(part.text, 'String')}) > 0`;
        return isId(part.text) ? `(${says} OR ${isCalled(part.text)})` : `(${says})`;
      }
      case 'time':
        return `(intDiv(started, 1000) ${part.op === 'since' ? '>=' : '<'} ${bind(Math.round(part.atMs * 1000), 'Int64')})`;
      case 'order': {
        const within = part.withinMs === null ? '' : ` AND u - t <= ${bind(part.withinMs, 'Float64')}`;
        const follows = `arrayExists((m, u) -> ${likes('m', part.then)} AND u >= t${within}, event_names, event_times)`;
        const over = part.withinMs === null ? '' : ` AND t + ${bind(part.withinMs, 'Float64')} < ${nowMs}`;
        return `arrayExists((n, t) -> ${likes('n', part.first)} AND ${part.not ? `NOT ${follows}${over}` : follows}, event_names, event_times)`;
      }
    }
  };
  return say(query);
}

const LISTS: Record<TextField, string> = {
  status: '[status]',
  health: '[health]',
  outcome: '[outcome]',
  type: '[type]',
  service: 'services',
  environment: '[environment]',
  key: 'arrayPushBack(key_values, flow_id)',
  id: '[id]',
  step: 'step_names',
  failed: "arrayFilter((n, s) -> s = 'failed', step_names, step_statuses)",
  missing: 'waiting_steps',
  message: 'arrayConcat(hop_types, hop_destinations)',
  finding: 'finding_rules',
  badge: 'badges',
  parent: '[parent_id]',
};

const NUMBERS: Record<NumberField, (nowMs: number) => string> = {
  duration: (now) => `if(phase = 'ended', duration_ms, ${now} - intDiv(started, 1000) / 1000)`,
  quiet: (now) => `${now} - intDiv(last_progress, 1000) / 1000`,
  wait: () => 'longest_wait_ms',
  retries: () => 'greatest(0, toInt64(most_attempts) - 1)',
  steps: () => 'step_count',
  failures: () => 'failed_steps',
  spans: () => 'span_count',
  run: () => 'run',
};

const SEARCHED = `concat(id, ' ', type, ' ', key, ' ', arrayStringConcat(services, ' '), ' ', arrayStringConcat(key_values, ' '), ' ', arrayStringConcat(step_names, ' '), ' ', arrayStringConcat(badges, ' '))`;
