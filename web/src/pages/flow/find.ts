import type { Flow, FlowLog, RawSpan } from '@fermata/server/contract';
import { awaitedId, awaitedSteps } from '../../timeline/times.ts';
import { hasText as logHasText } from './log-rows.ts';

/**
 * Finds steps by a text in their name, service, status, errors or messages, in the attributes of
 * their spans, or in their log records. Returns their ids in order of time, followed by those of
 * awaited steps; null if the text is empty.
 */
export function findIn(
  flow: Flow,
  spans: readonly RawSpan[],
  logs: readonly FlowLog[],
  text: string,
): { ids: string[]; set: ReadonlySet<string> } | null {
  const wanted = text.trim().toLowerCase();
  if (wanted === '') return null;
  const has = (...values: (string | null | undefined)[]): boolean =>
    values.some((value) => value?.toLowerCase().includes(wanted));
  const found = new Set<string>();
  for (const { id, from, to, message } of flow.hops)
    if (has(message.type, message.destination, message.id)) {
      // A message matches both the step that sent it and the one that received it.
      for (const stepId of [from, to]) if (stepId !== null) found.add(stepId);
      for (const waiting of awaitedSteps(flow))
        if (waiting.hopId === id) found.add(awaitedId(waiting));
    }
  const spanIds = new Set(spans.filter((span) => hasText(span, has)).map(({ spanId }) => spanId));
  for (const log of logs) if (logHasText(log, wanted)) spanIds.add(log.spanId);
  for (const { id, name, service, status, error, traceId, attempts, spanIds: own } of flow.steps)
    if (
      has(name, service, status, error?.type, error?.message, traceId) ||
      attempts.some((attempt) => has(attempt.error?.type, attempt.error?.message)) ||
      own.some((spanId) => spanIds.has(spanId))
    )
      found.add(id);
  for (const waiting of awaitedSteps(flow))
    if (has(waiting.step, waiting.service, waiting.message)) found.add(awaitedId(waiting));
  const order = [...flow.steps.map(({ id }) => id), ...awaitedSteps(flow).map(awaitedId)];
  return { ids: order.filter((id) => found.has(id)), set: found };
}

function hasText(
  { name, spanId, attributes, events }: RawSpan,
  has: (...values: string[]) => boolean,
): boolean {
  const textOf = (value: unknown): string =>
    typeof value === 'string' ? value : (JSON.stringify(value) ?? '');
  const hasAny = (all: Record<string, unknown>): boolean =>
    Object.entries(all).some(([key, value]) => has(key, textOf(value)));
  return (
    has(name, spanId) ||
    hasAny(attributes) ||
    events.some((event) => has(event.name) || hasAny(event.attributes))
  );
}

/**
 * Returns the match after the selected step (`by` is 1) or before it (-1), and wraps around at the
 * ends.
 */
export function nextOf(ids: readonly string[], selected: string | null, by: 1 | -1): string | null {
  if (ids.length === 0) return null;
  const at = selected === null ? -1 : ids.indexOf(selected);
  if (at < 0) return ids[by === 1 ? 0 : ids.length - 1]!;
  return ids[(at + by + ids.length) % ids.length]!;
}
