import {
  doubleValue,
  emptyExport,
  emptyLog,
  KeyValues,
  LIMITS,
  TOO_DEEP,
  type Attributes,
  type AttributeValue,
  type OtlpEvent,
  type OtlpExport,
  type OtlpLink,
  type OtlpResource,
  type OtlpScope,
  type OtlpSpan,
} from '../model/otlp.ts';
import { unixNanos } from '../model/time.ts';
import {
  hasRoom,
  noteLeftOut,
  refuse,
  scopeWith,
  tooManyParts,
  wrongId,
  type LeftOut,
} from './otlp-rules.ts';
import { cutBytes } from '../model/cut-text.ts';
import { BYTES, FIXED32, FIXED64, VARINT, WireReader } from './protobuf-wire.ts';
import { TextCache } from './text-cache.ts';

/**
 * Decodes an ExportTraceServiceRequest. `decodeLogs` decodes an ExportLogsServiceRequest. The field
 * numbers are those of opentelemetry-proto 1.x. The decoder is hand-written for speed, because most
 * of the server's CPU time is spent here. It reads the bytes once and skips unknown fields.
 * `otlp-decoders.property.test.ts` compares it with protobufjs on random requests.
 *
 * Throws `otlp.malformed` for invalid bytes (truncated, wrong wire type, varint overflow). A record
 * with invalid ids is refused, and the other records are kept.
 */
export function decodeTraces(body: Buffer): OtlpExport {
  const out = emptyExport();
  const reader = new Reader(body, out);
  reader.message(body.length, (field, end) => {
    if (field !== 1) return false;
    readGroup(reader, end, (scope, scopeEnd, resource) => {
      if (scope !== 2) return false;
      reader.spans(scopeEnd, resource);
      return true;
    });
    return true;
  });
  return out;
}

export function decodeLogs(body: Buffer): OtlpExport {
  const out = emptyExport();
  const reader = new Reader(body, out);
  reader.message(body.length, (field, end) => {
    if (field !== 1) return false;
    readGroup(reader, end, (scope, scopeEnd, resource) => {
      if (scope !== 2) return false;
      reader.logs(scopeEnd, resource);
      return true;
    });
    return true;
  });
  return out;
}

/**
 * Reads a ResourceSpans or ResourceLogs message in two passes: first the resource, then the scopes,
 * because the resource may come after the scopes.
 */
function readGroup(
  reader: Reader,
  end: number,
  scopeOf: (field: number, end: number, resource: OtlpResource) => boolean,
): void {
  const resource: OtlpResource = { attributes: [] };
  const from = reader.at;
  reader.message(end, (field, fieldEnd) => {
    if (field === 1) reader.resource(fieldEnd, resource);
    else if (field === 3) reader.schemaUrl(fieldEnd, resource);
    else return false;
    return true;
  });
  reader.at = from;
  reader.message(end, (field, fieldEnd) => scopeOf(field, fieldEnd, resource));
}

class Reader extends WireReader {
  private readonly out: OtlpExport;
  private parts = 0;
  private lastTraceAt = -1;
  private lastTraceId = '';

  constructor(body: Buffer, out: OtlpExport) {
    super(body);
    this.out = out;
  }

  private text(end: number): string {
    return this.textUntil(this.length(end));
  }

  private textUntil(to: number): string {
    const from = this.at;
    this.at = to;
    if (to - from > LIMITS.text) {
      this.out.truncated++;
      return cutBytes(this.body.subarray(from, to));
    }
    return texts.read(this.body, from, to);
  }

  /** Reads a trace id. Consecutive spans of the same trace share one string, which saves memory. */
  private traceId(end: number): string {
    const from = this.at;
    const { body, lastTraceAt } = this;
    if (body[from] === 16 && from + 17 <= end && lastTraceAt >= 0) {
      let i = 1;
      while (i <= 16 && body[from + i] === body[lastTraceAt + i]) i++;
      if (i > 16) {
        this.at = from + 17;
        return this.lastTraceId;
      }
    }
    this.lastTraceId = this.hex(end);
    this.lastTraceAt = this.lastTraceId.length === 32 ? from : -1;
    return this.lastTraceId;
  }

  resource(end: number, into: OtlpResource): void {
    let [sent, dropped] = [0, 0];
    const { attributes } = into;
    while (this.at < end) {
      const tag = this.tag(end);
      if (tag === 10) {
        sent++;
        this.attribute(this.length(end), attributes);
      } else if (tag === 16) dropped = this.uint32(end);
      else this.skip(tag & 7, end);
    }
    dropped += sent - attributes.length / 2;
    if (dropped > 0) into.dropped = dropped;
  }

  /** Reads a schema URL that ends at `end`. Its length prefix has been read already. */
  schemaUrl(end: number, into: { schemaUrl?: string }): void {
    const text = this.textUntil(end);
    if (text !== '') into.schemaUrl = text;
  }

  spans(end: number, resource: OtlpResource): void {
    let named: Pick<OtlpSpan, 'scopeName' | 'scope'> = { scopeName: '' };
    const scope: OtlpScope = { version: '', attributes: [], schemaUrl: '', dropped: 0 };
    const from = this.at;
    this.message(end, (field, fieldEnd) => {
      if (field === 1) named = { scopeName: this.scope(fieldEnd, scope) };
      else if (field === 3) this.schemaUrl(fieldEnd, scope);
      else return false;
      return true;
    });
    named = { ...named, ...scopeWith(scope) };
    this.at = from;
    this.message(end, (field, fieldEnd) => {
      if (field !== 2) return false;
      if (hasRoom(this.out)) this.span(fieldEnd, resource, named);
      else this.at = fieldEnd;
      return true;
    });
  }

  /** Reads an instrumentation scope: stores its properties in `into`, and returns its name. */
  private scope(end: number, into: OtlpScope): string {
    let name = '';
    let sent = 0;
    while (this.at < end) {
      const tag = this.tag(end);
      if (tag === 10) name = this.text(end);
      else if (tag === 18) into.version = this.text(end);
      else if (tag === 26) {
        sent++;
        this.attribute(this.length(end), into.attributes);
      } else if (tag === 32) into.dropped = this.uint32(end);
      else this.skip(tag & 7, end);
    }
    into.dropped += sent - into.attributes.length / 2;
    return name;
  }

  private span(
    end: number,
    resource: OtlpResource,
    named: Pick<OtlpSpan, 'scopeName' | 'scope'>,
  ): void {
    const span = emptySpan(resource, named);
    const before = this.out.truncated;
    const leftOut: LeftOut = { attributes: 0, events: 0, links: 0, cut: 0 };
    while (this.at < end) {
      const tag = this.tag(end);
      switch (tag >>> 3) {
        case 1:
          this.expect(tag, BYTES);
          span.traceId = this.traceId(end);
          break;
        case 2:
          this.expect(tag, BYTES);
          span.spanId = this.hex(end);
          break;
        case 3:
          this.expect(tag, BYTES);
          span.traceState = this.text(end);
          break;
        case 4:
          this.expect(tag, BYTES);
          span.parentSpanId = this.hex(end);
          break;
        case 5:
          this.expect(tag, BYTES);
          span.name = this.text(end);
          break;
        case 6:
          this.expect(tag, VARINT);
          span.kind = this.uint32(end);
          break;
        case 7:
          this.expect(tag, FIXED64);
          span.start = this.time(end);
          break;
        case 8:
          this.expect(tag, FIXED64);
          span.end = this.time(end);
          break;
        case 9:
          this.expect(tag, BYTES);
          leftOut.attributes++;
          this.attribute(this.length(end), span.attributes);
          break;
        case 10:
          this.expect(tag, VARINT);
          leftOut.attributes += this.uint32(end);
          break;
        case 11: {
          this.expect(tag, BYTES);
          const isKept = span.events.length < LIMITS.events;
          if (isKept) span.events.push(this.event(this.length(end)));
          else leftOut.events += this.drop(this.length(end));
          break;
        }
        case 12:
          this.expect(tag, VARINT);
          leftOut.events += this.uint32(end);
          break;
        case 13: {
          this.expect(tag, BYTES);
          const isKept = span.links.length < LIMITS.links;
          if (isKept) span.links.push(this.link(this.length(end)));
          else leftOut.links += this.drop(this.length(end));
          break;
        }
        case 14:
          this.expect(tag, VARINT);
          leftOut.links += this.uint32(end);
          break;
        case 15:
          this.expect(tag, BYTES);
          this.status(this.length(end), span);
          break;
        case 16:
          this.expect(tag, FIXED32);
          span.flags = this.view.getUint32(this.need(4, end), true);
          break;
        default:
          this.skip(tag & 7, end);
      }
    }
    leftOut.attributes -= span.attributes.length / 2;
    leftOut.cut = this.out.truncated - before;
    noteLeftOut(span, leftOut);
    const wrong = wrongId(span.traceId, span.spanId, span.parentSpanId);
    if (wrong === '') this.out.spans.push(span);
    else refuse(this.out, wrong);
  }

  /** Skips an item that exceeds a limit, and counts it. Returns 1, the number of dropped items. */
  private drop(to: number): number {
    this.out.truncated++;
    this.at = to;
    return 1;
  }

  attribute(end: number, into: Attributes): void {
    if (into.length >= LIMITS.attributes * 2) this.drop(end);
    else this.keyValue(end, into, 0);
  }

  /** Counts an attribute, event, link or value. Throws if the request has too many of them. */
  private countPart(): void {
    if (++this.parts > LIMITS.parts) throw tooManyParts(LIMITS.parts);
  }

  keyValue(end: number, into: Attributes, depth: number): void {
    this.countPart();
    let key = '';
    let value: AttributeValue = null;
    while (this.at < end) {
      const tag = this.tag(end);
      if (tag === 10) key = this.text(end);
      else if (tag === 18) value = this.anyValue(this.length(end), depth);
      else this.skip(tag & 7, end);
    }
    into.push(key, value);
  }

  private anyValue(end: number, depth: number): AttributeValue {
    if (depth >= LIMITS.depth) {
      this.drop(end);
      return TOO_DEEP;
    }
    let value: AttributeValue = null;
    while (this.at < end) {
      const tag = this.tag(end);
      switch (tag) {
        case 10:
          value = this.text(end);
          break;
        case 16:
          value = this.uint32(end) !== 0;
          break;
        case 24:
          value = this.int64(end);
          break;
        case 33:
          value = doubleValue(this.view.getFloat64(this.need(8, end), true));
          break;
        case 42:
          value = this.values(this.length(end), depth + 1);
          break;
        case 50: {
          const list: Attributes = [];
          this.message(this.length(end), (field, fieldEnd) => {
            if (field !== 1) return false;
            if (list.length >= LIMITS.attributes * 2) this.drop(fieldEnd);
            else this.keyValue(fieldEnd, list, depth + 1);
            return true;
          });
          value = new KeyValues(list);
          break;
        }
        case 58: {
          const to = this.length(end);
          value = new Uint8Array(this.body.subarray(this.at, Math.min(to, this.at + LIMITS.text)));
          if (to - this.at > LIMITS.text) this.out.truncated++;
          this.at = to;
          break;
        }
        default:
          this.skip(tag & 7, end);
      }
    }
    return value;
  }

  private values(end: number, depth: number): AttributeValue[] {
    const list: AttributeValue[] = [];
    this.message(end, (field, fieldEnd) => {
      if (field !== 1) return false;
      if (list.length >= LIMITS.attributes) this.drop(fieldEnd);
      else {
        this.countPart();
        list.push(this.anyValue(fieldEnd, depth));
      }
      return true;
    });
    return list;
  }

  private event(end: number): OtlpEvent {
    this.countPart();
    const event: OtlpEvent = { time: unixNanos(0n), name: '', attributes: [] };
    let [sent, dropped] = [0, 0];
    while (this.at < end) {
      const tag = this.tag(end);
      if (tag === 9) event.time = this.time(end);
      else if (tag === 18) event.name = this.text(end);
      else if (tag === 26) {
        sent++;
        this.attribute(this.length(end), event.attributes);
      } else if (tag === 32) dropped = this.uint32(end);
      else this.skip(tag & 7, end);
    }
    dropped += sent - event.attributes.length / 2;
    if (dropped > 0) event.dropped = dropped;
    return event;
  }

  private link(end: number): OtlpLink {
    this.countPart();
    const link: OtlpLink = { traceId: '', spanId: '', attributes: [] };
    let [sent, dropped] = [0, 0];
    while (this.at < end) {
      const tag = this.tag(end);
      if (tag === 10) link.traceId = this.hex(end);
      else if (tag === 18) link.spanId = this.hex(end);
      else if (tag === 26) link.traceState = this.text(end);
      else if (tag === 34) {
        sent++;
        this.attribute(this.length(end), link.attributes);
      } else if (tag === 40) dropped = this.uint32(end);
      else if (tag === 53) link.flags = this.view.getUint32(this.need(4, end), true);
      else this.skip(tag & 7, end);
    }
    dropped += sent - link.attributes.length / 2;
    if (dropped > 0) link.dropped = dropped;
    if (link.traceState === '') delete link.traceState;
    if (link.flags === 0) delete link.flags;
    return link;
  }

  private status(end: number, span: OtlpSpan): void {
    while (this.at < end) {
      const tag = this.tag(end);
      if (tag === 18) span.statusMessage = this.text(end);
      else if (tag === 24) span.statusCode = this.uint32(end);
      else this.skip(tag & 7, end);
    }
  }

  logs(end: number, resource: OtlpResource): void {
    let scopeName = '';
    const from = this.at;
    this.message(end, (field, fieldEnd) => {
      if (field !== 1) return false;
      scopeName = this.scope(fieldEnd, { version: '', attributes: [], schemaUrl: '', dropped: 0 });
      return true;
    });
    this.at = from;
    this.message(end, (field, fieldEnd) => {
      if (field !== 2) return false;
      if (hasRoom(this.out)) this.log(fieldEnd, resource, scopeName);
      else this.at = fieldEnd;
      return true;
    });
  }

  private log(end: number, resource: OtlpResource, scopeName: string): void {
    const log = emptyLog(resource, scopeName);
    while (this.at < end) {
      const tag = this.tag(end);
      if (tag === 9) log.time = this.time(end);
      else if (tag === 89) log.observed = this.time(end);
      else if (tag === 16) log.severity = this.uint32(end);
      else if (tag === 26) log.severityText = this.text(end);
      else if (tag === 42) log.body = this.anyValue(this.length(end), 0);
      else if (tag === 50) this.attribute(this.length(end), log.attributes);
      else if (tag === 74) log.traceId = this.hex(end);
      else if (tag === 82) log.spanId = this.hex(end);
      else if (tag === 98) log.eventName = this.text(end);
      else this.skip(tag & 7, end);
    }
    this.out.logs.push(log);
  }
}

const emptySpan = (
  resource: OtlpResource,
  named: Pick<OtlpSpan, 'scopeName' | 'scope'>,
): OtlpSpan => ({
  resource,
  ...named,
  traceId: '',
  spanId: '',
  parentSpanId: '',
  traceState: '',
  flags: 0,
  name: '',
  kind: 0,
  start: unixNanos(0n),
  end: unixNanos(0n),
  attributes: [],
  events: [],
  links: [],
  statusCode: 0,
  statusMessage: '',
});

const texts = new TextCache();
