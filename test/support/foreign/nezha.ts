import { gunzipSync } from 'node:zlib';
import type { ForeignSpan } from './otlp.ts';

/**
 * Converts a table of Nezha: TraceID, SpanID, ParentID, PodName, OperationName, start, end (ns) and
 * duration. The table does not say kinds. A span whose parent ran in another service was called,
 * and that parent is the caller's side of the call.
 */
export function fromNezha(packed: Buffer): ForeignSpan[] {
  const rows = gunzipSync(packed).toString().trim().split('\n').slice(1);
  const spans = rows.map((row): ForeignSpan => {
    const [trace, id, parent, pod, name, start, end] = row.split(',') as [
      ...[string, string, string, string, string, string, string],
    ];
    return {
      ...{ trace, id, name },
      ...(parent !== 'root' && { parent }),
      service: pod.split('-').slice(0, -2).join('-'),
      start: BigInt(start),
      end: BigInt(end),
    };
  });
  const byId = new Map(spans.map((span) => [`${span.trace}/${span.id}`, span]));
  for (const span of spans) {
    const caller = byId.get(`${span.trace}/${span.parent}`);
    if (span.parent === undefined) span.kind ??= 'server';
    if (caller === undefined || caller.service === span.service) continue;
    // Ten messages through a queue are in the fault-free table; all others are calls.
    const isMessage = caller.name.endsWith(' send');
    span.kind = isMessage ? 'consumer' : 'server';
    caller.kind = isMessage ? 'producer' : 'client';
    if (isMessage)
      caller.attributes = span.attributes = {
        'messaging.system': 'rabbitmq',
        'messaging.destination.name': 'default',
      };
  }
  return spans;
}
