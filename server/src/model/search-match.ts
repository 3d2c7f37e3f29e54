import { countWhile } from '../base/lists.ts';
import { msOf } from './time.ts';
import type { Flow } from './flow.ts';
import { isId, patternOf, type NumberField, type Query, type TextField } from './search.ts';
import { traceIdOf, type SpanKey } from './span.ts';

/**
 * Returns the events of a flow: its steps by name and its messages by type, each with its time,
 * epoch ms. Queries about order are evaluated on these events.
 */
export function eventsOf(flow: Flow): { name: string; atMs: number }[] {
  return [
    ...flow.steps.map((step) => ({ name: step.name, atMs: Math.floor(msOf(step.start)) })),
    ...flow.hops
      .filter((hop) => hop.message.type !== '')
      .map((hop) => ({ name: hop.message.type, atMs: Math.floor(msOf(hop.sent)) })),
  ];
}
/** Returns the distinct errors of a flow's steps and attempts, as `type: message`. */
export function errorsOf(flow: Flow): string[] {
  const errors = new Set<string>();
  for (const { error, attempts } of flow.steps) {
    if (error !== null) errors.add(`${error.type}: ${error.message}`);
    for (const { error: one } of attempts)
      if (one !== null) errors.add(`${one.type}: ${one.message}`);
  }
  return [...errors];
}
export const mostAttempts = (flow: Flow): number =>
  flow.steps.reduce((most, step) => Math.max(most, step.attempts.length), 0);
export const retriesOf = (flow: Flow): number => Math.max(0, mostAttempts(flow) - 1);
export const longestWait = (flow: Flow): number =>
  flow.hops.reduce((most, hop) => Math.max(most, hop.sync ? 0 : (hop.waitMs ?? 0)), 0);

/**
 * Returns whether `value` matches `pattern`, regardless of case. `*` in the pattern matches any
 * text. The function takes linear time, whereas a regular expression from a client could take
 * exponential time.
 */
export function likes(pattern: string, value: string): boolean {
  const parts = pattern.toLowerCase().split('*');
  const text = value.toLowerCase();
  if (parts.length === 1) return text === parts[0];
  if (!text.startsWith(parts[0]!)) return false;
  let at = parts[0]!.length;
  const last = parts[parts.length - 1]!;
  for (const part of parts.slice(1, -1)) {
    const found = text.indexOf(part, at);
    if (found < 0) return false;
    at = found + part.length;
  }
  return text.length - at >= last.length && text.endsWith(last);
}

const TEXTS: Record<TextField, (flow: Flow) => readonly string[]> = {
  status: (flow) => [flow.status],
  health: (flow) => [flow.health],
  outcome: (flow) => [flow.outcome ?? ''],
  type: (flow) => [flow.type],
  service: (flow) => flow.services,
  environment: (flow) => [flow.environment],
  key: ({ flowId, keys }) => [flowId, ...keys.map(([, value]) => value)],
  id: (flow) => [flow.id],
  step: (flow) => flow.steps.map((step) => step.name),
  failed: (flow) => flow.steps.filter((step) => step.status === 'failed').map((step) => step.name),
  error: errorsOf,
  missing: (flow) => flow.waitingFor.map((waiting) => waiting.step),
  message: (flow) => flow.hops.flatMap((hop) => [hop.message.type, hop.message.destination]),
  finding: (flow) => flow.findings.map((finding) => finding.rule),
  badge: (flow) => flow.badges,
  parent: (flow) => [flow.parentId ?? ''],
};
/** Returns the texts of a field; those of keys also as `name=value`, if the pattern has a `=`. */
const textsOf = (flow: Flow, { field, value }: Extract<Query, { kind: 'field' }>) =>
  field === 'key' && value.includes('=')
    ? [...TEXTS.key(flow), ...flow.keys.map(([name, one]) => `${name}=${one}`)]
    : TEXTS[field](flow);
const NUMBERS: Record<NumberField, (flow: Flow, nowMs: number) => number> = {
  duration: (flow, now) => (flow.phase === 'ended' ? flow.durationMs : now - msOf(flow.started)),
  quiet: (flow, now) => now - msOf(flow.lastProgress),
  wait: longestWait,
  retries: retriesOf,
  steps: (flow) => flow.steps.length,
  failures: (flow) => flow.failedSteps,
  spans: (flow) => flow.spanCount,
  run: (flow) => flow.run,
};

/** Returns whether `name` is the id of one of the flow's traces, or a former id of the flow. */
function isCalled({ members, context, aliases }: Flow, name: string): boolean {
  const called = name.toLowerCase();
  const isIn = (key: SpanKey): boolean => traceIdOf(key) === called;
  return aliases.includes(called) || members.some(isIn) || context.some(isIn);
}

/** Returns whether the flow matches the query. Pass the flow in its state at `nowMs` (`viewAt`). */
export function matchesQuery(query: Query, flow: Flow, nowMs: number): boolean {
  switch (query.kind) {
    case 'and':
      return query.of.every((part) => matchesQuery(part, flow, nowMs));
    case 'or':
      return query.of.some((part) => matchesQuery(part, flow, nowMs));
    case 'not':
      return !matchesQuery(query.of, flow, nowMs);
    case 'field':
      if (query.field === 'id' && !query.value.includes('*') && isCalled(flow, query.value))
        return true;
      return textsOf(flow, query).some(
        (value) => value !== '' && likes(patternOf(query.field, query.value), value),
      );
    case 'number': {
      const value = NUMBERS[query.field](flow, nowMs);
      if (query.op === '>') return value > query.value;
      if (query.op === '>=') return value >= query.value;
      if (query.op === '<') return value < query.value;
      if (query.op === '<=') return value <= query.value;
      return value === query.value;
    }
    case 'text':
      if (isId(query.text) && isCalled(flow, query.text)) return true;
      return textOf(flow).toLowerCase().includes(query.text.toLowerCase());
    case 'trait':
    case 'attribute':
    case 'usual':
      return false; // Rules refuse these (`needsStore`), so nothing asks for them here.
    case 'time':
      return query.op === 'since'
        ? msOf(flow.started) >= query.atMs
        : msOf(flow.started) < query.atMs;
    case 'order': {
      const events = eventsOf(flow);
      const within = query.withinMs ?? Infinity;
      const timesOf = (pattern: string): number[] =>
        events.flatMap(({ name, atMs }) => (likes(pattern, name) ? [atMs] : []));
      const then = timesOf(query.then).sort((a, b) => a - b);
      const follows = (at: number): boolean => {
        const next = then[countWhile(then, (one) => one < at)];
        return next !== undefined && next - at <= within;
      };
      return timesOf(query.first).some((at) =>
        query.not ? !follows(at) && (within === Infinity || nowMs > at + within) : follows(at),
      );
    }
  }
}

/** Returns the texts of a flow that a free-text search covers, joined by spaces. */
export const textOf = (flow: Flow): string =>
  [
    flow.id,
    flow.type,
    flow.key,
    ...flow.services,
    ...flow.keys.map(([, value]) => value),
    ...flow.steps.map((step) => step.name),
    ...flow.badges,
  ].join(' ');
