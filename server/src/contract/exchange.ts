/** Names of the formats in which many flows can be exported. */
export const EXPORT_FORMATS = ['csv', 'ocel', 'xes', 'otlp'] as const;
/** Names of the formats in which one flow can be exported. */
export const ONE_FLOW_FORMATS = [...EXPORT_FORMATS, 'mermaid', 'flowchart'] as const;
/** Names of the formats that can be imported. */
export const IMPORT_FORMATS = [
  ...['csv', 'ocel', 'ocel-xml', 'xes', 'otlp', 'zipkin', 'jaeger'],
  ...['temporal', 'cadence', 'conductor', 'step-functions'],
] as const;

/** A format in which flows come in or go out. */
export interface FormatInfo {
  name: string;
  label: string;
  mediaType: string;
  extension: string;
  imports: boolean;
  /** Many flows can be exported in this format. */
  exports: boolean;
  /** One flow can be exported in this format. */
  exportsOne: boolean;
}

/** How far an import has come. The answer to an import has one such line from time to time. */
export interface ImportProgress {
  /** Bytes that were read, after decompression. */
  bytes: number;
  /**
   * Bytes whose records are committed and correlated, up to which nothing has to be sent again;
   * null if the file can only be read from its beginning: its format is one
   * of which that is so, or it is compressed.
   */
  committedBytes: number | null;
  /** Spans and events that are committed. */
  records: number;
  skipped: number;
}

/** How an import ended: the last line of its answer. */
export interface ImportReport extends ImportProgress {
  done: boolean;
  format: string;
  environment: string;
  ms: number;
  /** Why parts of the file were left out, each reason with an example and how often. */
  reasons: { why: string; what: string; count: number }[];
  /** Set if the import ended early; what is committed remains. */
  error?: { code: string; detail: string; hint?: string };
}
