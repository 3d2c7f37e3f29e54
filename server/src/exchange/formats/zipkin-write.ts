import { otlpText } from '../../model/otlp-writer.ts';
import type { Attributes, OtlpEvent, OtlpResource, OtlpSpan } from '../../model/otlp.ts';
import type { FlowSource } from '../format.ts';

/**
 * Writes spans in Zipkin's second format (https://zipkin.io/zipkin-api/), as the Collector of
 * OpenTelemetry does: attributes are tags, those of the resource too, and links and the attributes
 * of events are texts. Zipkin knows microseconds, and no log events.
 */
export async function* writeZipkin(source: FlowSource): AsyncIterable<string> {
  yield '[';
  let separator = '\n';
  for await (const flow of source.flows()) {
    const spans = (await source.spansOf(flow)).flatMap(({ span }) => span ?? []);
    // Spans of one trace stand together, because readers look at a trace as a whole.
    for (const span of byTrace(spans)) {
      yield separator + JSON.stringify(zipkinSpan(span));
      separator = ',\n';
    }
  }
  yield '\n]\n';
}

function byTrace(spans: readonly OtlpSpan[]): OtlpSpan[] {
  const traces = new Map<string, OtlpSpan[]>();
  for (const span of spans) {
    const trace = traces.get(span.traceId);
    if (trace) trace.push(span);
    else traces.set(span.traceId, [span]);
  }
  return [...traces.values()].flat();
}

const KINDS: Readonly<Record<number, string>> = {
  ...{ 2: 'SERVER', 3: 'CLIENT', 4: 'PRODUCER', 5: 'CONSUMER' },
};
const micros = (ns: bigint): number => Number(ns / 1000n);

function zipkinSpan(span: OtlpSpan): object {
  const own = textsOf(span.attributes);
  const ofResource = textsOf(span.resource.attributes);
  const peer = own.get('peer.service');
  // A time or a duration of zero is one that is not known.
  const start = Math.max(1, micros(span.start));
  const duration = micros(span.end) - start;
  return {
    ...{ traceId: span.traceId, id: span.spanId },
    ...(span.parentSpanId !== '' && { parentId: span.parentSpanId }),
    ...(KINDS[span.kind] !== undefined && { kind: KINDS[span.kind] }),
    ...{ name: span.name, timestamp: start, ...(duration > 0 && { duration }) },
    localEndpoint: { serviceName: ofResource.get('service.name') ?? 'unknown' },
    ...(peer !== undefined && { remoteEndpoint: { serviceName: peer } }),
    tags: Object.fromEntries(tagsOf(span, own, ofResource)),
    ...(span.events.length > 0 && { annotations: span.events.map(annotationOf) }),
  };
}

function tagsOf(
  span: OtlpSpan,
  own: ReadonlyMap<string, string>,
  ofResource: ReadonlyMap<string, string>,
): Map<string, string> {
  const tags = new Map([...ofResource, ...own]);
  tags.delete('service.name');
  // In Zipkin a span that has this tag has failed, whatever its value is.
  tags.delete('error');
  if (span.scopeName !== '') tags.set('otel.scope.name', span.scopeName);
  if (span.statusCode === 1) tags.set('otel.status_code', 'OK');
  if (span.statusCode === 2) {
    tags.set('otel.status_code', 'ERROR');
    tags.set('error', span.statusMessage);
  }
  for (const [
    i,
    { traceId, spanId, traceState = '', attributes, dropped = 0 },
  ] of span.links.entries()) {
    const link = [traceId, spanId, traceState, jsonOf(attributes), dropped];
    tags.set(`otlp.link.${i}`, link.join('|'));
  }
  return tags;
}

const annotationOf = ({ time, name, attributes, dropped = 0 }: OtlpEvent): object => ({
  timestamp: micros(time),
  value: attributes.length === 0 ? name : `${name}|${jsonOf(attributes)}|${dropped}`,
});

const jsonOf = (attributes: Attributes): string =>
  JSON.stringify(Object.fromEntries(textsOf(attributes)));

function textsOf(attributes: OtlpResource['attributes']): Map<string, string> {
  const texts = new Map<string, string>();
  for (let i = 0; i < attributes.length; i += 2)
    texts.set(attributes[i] as string, otlpText(attributes[i + 1]!));
  return texts;
}
