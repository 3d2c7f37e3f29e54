import type { RulePreview } from '../contract/index.ts';
import type { Flow } from '../model/flow.ts';
import { groupValueOf, matchLasts, type QueryRule } from '../model/query-rule.ts';
import { likes } from '../model/search-match.ts';
import type { Query, TextField } from '../model/search.ts';
import { msOf } from '../model/time.ts';
import { iso } from './present.ts';

/**
 * Computes what a rule would have reported, from stored flows in their present state. A flow that
 * matches now is found with the time at which it began to match. A flow that matched only for a
 * while in the past is not found.
 */

/**
 * An ended flow that matched keeps its incident open for this long, ms, as in `alert/incidents`.
 */
const QUIET_MS = 900_000;
const DAY_MS = 86_400_000;
const MAX_OPENED = 50;
const MAX_EXAMPLES = 3;

/** The period for which a flow would have been in an incident, epoch ms. */
interface Match {
  flow: Flow;
  group: string;
  fromMs: number;
  /**
   * Until when the flow would keep the incident open; Infinity if the flow is in the incident now.
   */
  untilMs: number;
}

export interface PreviewInput {
  rule: Pick<QueryRule, 'query' | 'forMs' | 'groupBy' | 'severity'>;
  /** Flows that match now, newest first. */
  flows: readonly Flow[];
  total: number;
  fromMs: number;
  nowMs: number;
}

export function previewOf(input: PreviewInput): Omit<RulePreview, 'channels'> {
  const { rule, flows, total, fromMs, nowMs } = input;
  const begins = flows.map((flow) => beginOf(rule.query, flow));
  const matches = flows
    .map((flow, i) => matchOf(rule, flow, begins[i]!.ms))
    .filter((match) => match.fromMs >= fromMs && match.fromMs <= nowMs)
    .sort((a, b) => a.fromMs - b.fromMs);
  const opened = incidentsOf(matches);
  const inexact = begins.filter(({ isExact }) => !isExact).length;
  // Findings of severity `info` open no incidents.
  const counted = rule.severity === 'info' ? [] : opened;
  return {
    ...{ from: iso(fromMs), to: iso(nowMs), total, used: flows.length },
    openNow: matches.filter(({ untilMs }) => untilMs === Infinity).length,
    incidents: counted.length,
    days: daysOf(matches, counted, fromMs, nowMs),
    opened: counted
      .slice(-MAX_OPENED)
      .reverse()
      .map((one) => ({
        at: iso(one.fromMs),
        until: one.untilMs > nowMs ? null : iso(one.untilMs),
        flows: one.flows.length,
        group: one.group,
        examples: one.flows.slice(0, MAX_EXAMPLES).map(({ id, key }) => ({ id, key })),
      })),
    limits: limitsOf(input, inexact),
  };
}

function matchOf(rule: PreviewInput['rule'], flow: Flow, beganMs: number): Match {
  const { forMs, groupBy } = rule;
  const fromMs = beganMs + forMs;
  const group = groupValueOf({ groupBy }, flow.keys) ?? (groupBy === 'rule' ? '' : flow.type);
  const endedMs = flow.ended === null ? fromMs : msOf(flow.ended);
  const untilMs = matchLasts(rule, flow) ? Infinity : Math.max(fromMs, endedMs) + QUIET_MS;
  return { flow, group, fromMs, untilMs };
}

interface Opened extends Pick<Match, 'group' | 'fromMs' | 'untilMs'> {
  flows: Flow[];
}

/** Groups matches, sorted by their begin, into the incidents that would have opened. */
function incidentsOf(matches: readonly Match[]): Opened[] {
  const open = new Map<string, Opened>();
  const all: Opened[] = [];
  for (const { flow, group, fromMs, untilMs } of matches) {
    const key = `${flow.environment}\0${group}`;
    const known = open.get(key);
    if (known !== undefined && fromMs <= known.untilMs) {
      known.untilMs = Math.max(known.untilMs, untilMs);
      known.flows.push(flow);
    } else {
      const next = { group, fromMs, untilMs, flows: [flow] };
      open.set(key, next);
      all.push(next);
    }
  }
  return all;
}

function daysOf(
  matches: readonly Match[],
  opened: readonly Opened[],
  fromMs: number,
  nowMs: number,
): RulePreview['days'] {
  const firstMs = Math.floor(fromMs / DAY_MS) * DAY_MS;
  const days = Array.from({ length: Math.floor((nowMs - firstMs) / DAY_MS) + 1 }, (_, day) => ({
    ...{ at: iso(firstMs + day * DAY_MS), incidents: 0, flows: 0 },
  }));
  const dayOf = (ms: number): RulePreview['days'][number] =>
    days[Math.floor((ms - firstMs) / DAY_MS)]!;
  for (const match of matches) dayOf(match.fromMs).flows++;
  for (const one of opened) dayOf(one.fromMs).incidents++;
  return days;
}

/**
 * When a flow that matches now began to match, epoch ms. It is exact only if the stored flow tells.
 */
interface Begin {
  ms: number;
  isExact: boolean;
}

/** Fields that have the same value from the start of a flow on. */
const CONSTANT: readonly TextField[] = ['type', 'service', 'environment', 'key', 'id', 'parent'];
const STATES: readonly TextField[] = ['status', 'health', 'outcome'];

export function beginOf(query: Query, flow: Flow): Begin {
  const started: Begin = { ms: msOf(flow.started), isExact: true };
  // The stored flow does not tell when this part of the query began to match. The latest possible
  // time is used, which is the flow's last progress.
  const atMost: Begin = { ms: msOf(flow.lastProgress), isExact: false };
  switch (query.kind) {
    case 'and':
      return query.of.map((part) => beginOf(part, flow)).reduce(later);
    case 'or':
      return query.of.map((part) => beginOf(part, flow)).reduce(earlier);
    case 'not':
      return { ...started, isExact: query.of.kind === 'field' && isConstant(query.of.field) };
    case 'field':
      return isConstant(query.field)
        ? started
        : (fieldBegin(query.field, query.value, flow) ?? atMost);
    case 'number':
      if (query.field === 'duration' && query.op.startsWith('>'))
        return { ms: started.ms + query.value, isExact: true };
      if (query.field === 'quiet' && query.op.startsWith('>'))
        return { ms: atMost.ms + query.value, isExact: true };
      return query.field === 'run' ? started : atMost;
    case 'text':
      return started;
    default:
      return atMost;
  }
}

const isConstant = (field: TextField): boolean => CONSTANT.includes(field);
const later = (a: Begin, b: Begin): Begin => ({
  ms: Math.max(a.ms, b.ms),
  isExact: a.isExact && b.isExact,
});
const earlier = (a: Begin, b: Begin): Begin => ({
  ms: Math.min(a.ms, b.ms),
  isExact: a.isExact && b.isExact,
});

function fieldBegin(field: TextField, value: string, flow: Flow): Begin | null {
  if (STATES.includes(field)) return { ms: msOf(flow.statusSince), isExact: true };
  const instants =
    field === 'finding'
      ? flow.findings.filter(({ rule }) => likes(value, rule)).map(({ since }) => since)
      : field === 'missing'
        ? flow.waitingFor.filter(({ step }) => likes(value, step)).map(({ since }) => since)
        : [];
  return instants.length === 0 ? null : { ms: Math.min(...instants), isExact: true };
}

/** Fields whose values pass. Flows that had such a value earlier are not found. */
const PASSING: readonly string[] = ['status', 'health', 'missing', 'finding', 'quiet'];

function limitsOf({ rule, flows, total, nowMs }: PreviewInput, inexact: number): string[] {
  const passing = [...new Set(fieldsOf(rule.query))].filter((field) => PASSING.includes(field));
  const oldest = flows.at(-1);
  const limits: string[] = [];
  if (passing.length > 0)
    limits.push(
      `Fermata keeps the present state of a flow, not its former ones: flows whose ${passing.join(' and ')} matched for a while and no longer does are not counted.`,
    );
  if (inexact > 0)
    limits.push(
      `For ${inexact} of ${flows.length} flows it is not stored when they began to match; their last progress is taken instead.`,
    );
  if (total > flows.length && oldest !== undefined)
    limits.push(
      `${total} flows match. The newest ${flows.length} were looked at, which started since ${iso(msOf(oldest.started))}; what is older is not counted.`,
    );
  if (rule.severity === 'info')
    limits.push('Severity info opens no incident; the flows only show what was found.');
  if (nowMs > 0 && rule.groupBy.startsWith('key:'))
    limits.push('Flows without this key are grouped by their flow type.');
  return limits;
}

const fieldsOf = (query: Query): string[] =>
  query.kind === 'and' || query.kind === 'or'
    ? query.of.flatMap(fieldsOf)
    : query.kind === 'not'
      ? fieldsOf(query.of)
      : 'field' in query
        ? [query.field]
        : [];
