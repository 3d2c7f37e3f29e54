import type { Flow } from '../model/flow.ts';
import type { OtlpExport, OtlpLog, OtlpSpan } from '../model/otlp.ts';

/**
 * A format in which flows can be imported or exported. Readers and writers are pure: they work on
 * bytes, spans and flows, and use neither the store nor the network. Both work as streams, so that
 * memory does not grow with the file.
 */
export interface Format {
  name: FormatName;
  label: string;
  mediaType: string;
  /** File name extension of the format, without the dot. */
  extension: string;
  read?: Read;
  /** Writes many flows; absent if the format cannot be exported. */
  write?: Write;
  /** Writes one flow, for formats that can hold only one. */
  writeOne?: (flow: Flow) => string;
  /**
   * Set if people know the trace ids of the format. Imported flows can then be found by their trace
   * ids.
   */
  keepsTraces?: true;
}

export const FORMAT_NAMES = [
  ...['csv', 'ocel', 'ocel-xml', 'xes', 'mermaid', 'flowchart', 'otlp', 'zipkin', 'jaeger'],
  ...['temporal', 'cadence', 'conductor', 'step-functions'],
] as const;
export type FormatName = (typeof FORMAT_NAMES)[number];

export type Read = (chunks: AsyncIterable<Uint8Array>, options: ReadOptions) => AsyncIterable<Item>;
export type Write = (source: FlowSource) => AsyncIterable<string>;

/** What the person who imports a file states about it. */
export interface ReadOptions {
  /** Type of the flows, for formats that state none; '' if the person stated none. */
  flowType: string;
  /**
   * Type of the objects that become flows, for logs of object-centric events (OCEL); '' to
   * determine it from the file.
   */
  caseType: string;
  /** Names of the columns of a table, by the field of Fermata that they fill. */
  columns: Readonly<Record<string, string>>;
  /** Decodes an OTLP request in JSON. It is passed in, because only `receive` knows OTLP. */
  decode: (json: Buffer) => OtlpExport;
}

/**
 * A part of a file that was read: spans, or a note about records that were skipped. `end` is the
 * number of bytes up to the end of the part; it is absent if reading cannot be resumed there.
 */
export type Item =
  | { kind: 'spans'; request: OtlpExport; end?: number }
  | {
      kind: 'skipped';
      what: string;
      why: string;
      /** Number of records that were skipped for this reason; 1 if absent. */
      count?: number;
    };

/** The flows to export. Each method may be called several times. */
export interface FlowSource {
  /** Yields flows without their timelines. */
  heads: () => AsyncIterable<Flow>;
  /** Yields the same flows with their timelines. */
  flows: () => AsyncIterable<Flow>;
  /** Returns the raw spans and log events of a flow. */
  spansOf: (flow: Flow) => Promise<readonly StoredRecord[]>;
}

/** A span or log event as the store returns it. */
export type StoredRecord = { spanId?: string } & (
  { span: OtlpSpan; log?: undefined } | { log: OtlpLog; span?: undefined }
);
