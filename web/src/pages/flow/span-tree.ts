import type { RawSpan } from '@fermata/server/contract';
import { msSince } from '../../timeline/times.ts';

/** A span as a row of the tree of a step's spans. */
export interface TreeRow {
  span: RawSpan;
  depth: number;
  ms: number;
  /** Time of the span in which none of its children was running, ms. */
  selfMs: number;
  /** Start and width within the duration of the whole tree, 0 to 1. */
  x: number;
  width: number;
}

/** An event of a span, or a log record of the step. */
export interface StepEvent {
  name: string;
  text: string;
  atMs: number;
  attributes: Record<string, unknown>;
}

const isLog = ({ kind }: RawSpan): boolean => kind === 'log event';

/**
 * Returns the spans with the given ids as a tree in depth-first order: children follow their
 * parent.
 */
export function spanTree(spans: readonly RawSpan[], ids: readonly string[]): TreeRow[] {
  const wanted = new Set(ids);
  const own = spans.filter((span) => wanted.has(span.spanId) && !isLog(span));
  if (own.length === 0) return [];
  const since = msSince(
    own.reduce(
      (a, b) => (BigInt(a) < BigInt(b.startUnixNano) ? a : b.startUnixNano),
      own[0]!.startUnixNano,
    ),
  );
  const at = (span: RawSpan): { from: number; to: number } => ({
    from: since(span.startUnixNano),
    to: Math.max(since(span.startUnixNano), since(span.endUnixNano)),
  });
  const total = Math.max(0.001, ...own.map((span) => at(span).to));
  const known = new Set(own.map(({ spanId }) => spanId));
  const childrenOf = new Map<string, RawSpan[]>();
  for (const span of own) {
    const { spanId, parentSpanId } = span;
    const parent = known.has(parentSpanId) && parentSpanId !== spanId ? parentSpanId : '';
    const children = childrenOf.get(parent);
    if (children === undefined) childrenOf.set(parent, [span]);
    else children.push(span);
  }
  const rows: TreeRow[] = [];
  const seen = new Set<RawSpan>();
  const walk = (parent: string, depth: number): void => {
    const children = (childrenOf.get(parent) ?? []).sort((a, b) => at(a).from - at(b).from);
    for (const span of children) {
      if (seen.has(span)) continue;
      seen.add(span);
      const { from, to } = at(span);
      const inner = (childrenOf.get(span.spanId) ?? []).map(at);
      const ms = to - from;
      const selfMs = ms - covered(inner, from, to);
      rows.push({ span, depth, ms, selfMs, x: from / total, width: ms / total });
      walk(span.spanId, depth + 1);
    }
  };
  walk('', 0);
  return rows;
}

/** Returns the length of the time between `from` and `to` that the intervals cover together. */
function covered(
  intervals: readonly { from: number; to: number }[],
  from: number,
  to: number,
): number {
  let reached = from;
  let sum = 0;
  for (const one of [...intervals].sort((a, b) => a.from - b.from)) {
    const start = Math.max(reached, one.from);
    const end = Math.min(to, one.to);
    if (end > start) sum += end - start;
    reached = Math.max(reached, end);
  }
  return sum;
}

/**
 * Returns the events and log records of these spans in order of time. Their times are ms since
 * `startUnixNano`.
 */
export function eventsOf(
  spans: readonly RawSpan[],
  ids: readonly string[],
  startUnixNano: string,
): StepEvent[] {
  const wanted = new Set(ids);
  const since = msSince(startUnixNano);
  const events = spans.flatMap((span): StepEvent[] => {
    if (isLog(span))
      return wanted.has(span.parentSpanId)
        ? [
            {
              name: span.name,
              text: span.statusMessage,
              atMs: since(span.startUnixNano),
              attributes: span.attributes,
            },
          ]
        : [];
    if (!wanted.has(span.spanId)) return [];
    return span.events.map(({ name, timeUnixNano, attributes }) => {
      const said = attributes['exception.message'] ?? attributes['exception.type'];
      const text = typeof said === 'string' ? said : '';
      return { name, text, atMs: since(timeUnixNano), attributes };
    });
  });
  return events.sort((a, b) => a.atMs - b.atMs);
}
