import type { Flow } from '../model/flow.ts';
import type { OtlpExport, OtlpLog, OtlpSpan } from '../model/otlp.ts';

/**
 * Describes one format in which flows come in or go out. Readers and writers are pure: they see
 * bytes, spans and flows, and neither the store nor the network. Both work as a stream, so that
 * memory does not grow with the file.
 */
export interface Format {
  name: FormatName;
  label: string;
  mediaType: string;
  /** Ending of the name of a file in this format, without the dot. */
  extension: string;
  read?: Read;
  /** Writes many flows. */
  write?: Write;
  /** Writes one flow; for formats that hold no more than one. */
  writeOne?: (flow: Flow) => string;
  /** Is set if its trace ids mean something to people, who find imported flows by them then. */
  keepsTraces?: true;
}

export const FORMAT_NAMES = [
  ...['csv', 'ocel', 'ocel-xml', 'xes', 'mermaid', 'flowchart', 'otlp', 'zipkin', 'jaeger'],
  ...['temporal', 'cadence', 'conductor', 'step-functions'],
] as const;
export type FormatName = (typeof FORMAT_NAMES)[number];

export type Read = (chunks: AsyncIterable<Uint8Array>, options: ReadOptions) => AsyncIterable<Item>;
export type Write = (source: FlowSource) => AsyncIterable<string>;

/** What the person who imports says about the file. */
export interface ReadOptions {
  /** Type of the flows, for formats that name none; '' if nothing was said. */
  flowType: string;
  /** Type of the objects that are flows, for logs of events of objects; '' to find it out. */
  caseType: string;
  /** Maps what is needed of a table to the name of its column. */
  columns: Readonly<Record<string, string>>;
  /** Reads a request of OTLP in JSON. It is passed in, because only `receive` knows OTLP. */
  decode: (json: Buffer) => OtlpExport;
}

/**
 * One part of a file that was read: spans, or a note about what is left out. `end` is the number of
 * bytes up to the end of the part, if another reader could go on from there.
 */
export type Item =
  | { kind: 'spans'; request: OtlpExport; end?: number }
  | {
      kind: 'skipped';
      what: string;
      why: string;
      /** Counts the records that are left out for this reason; absent for one. */
      count?: number;
    };

/** The flows that are exported. Each list may be read several times. */
export interface FlowSource {
  /** Yields flows without their timelines. */
  heads: () => AsyncIterable<Flow>;
  /** Yields the same flows with their timelines. */
  flows: () => AsyncIterable<Flow>;
  /** Returns the raw spans of a flow. */
  spansOf: (flow: Flow) => Promise<readonly StoredRecord[]>;
}

/** A span or log event as the store returns it. */
export type StoredRecord = { spanId?: string } & (
  { span: OtlpSpan; log?: undefined } | { log: OtlpLog; span?: undefined }
);
