/** Names of the formats in which many flows can be exported. */
export const EXPORT_FORMATS = ['csv', 'ocel', 'ocel-xml', 'xes', 'otlp', 'zipkin'] as const;
/** Names of the formats in which one flow can be exported. */
export const ONE_FLOW_FORMATS = [...EXPORT_FORMATS, 'mermaid', 'flowchart'] as const;
/** Names of the formats that can be imported. */
export const IMPORT_FORMATS = [
  ...['csv', 'ocel', 'ocel-xml', 'xes', 'otlp', 'zipkin', 'jaeger'],
  ...['temporal', 'cadence', 'conductor', 'step-functions'],
] as const;

/** A format for exporting or importing flows. */
export interface FormatInfo {
  name: string;
  label: string;
  mediaType: string;
  extension: string;
  imports: boolean;
  /** True if many flows can be exported in this format. */
  exports: boolean;
  /** True if one flow can be exported in this format. */
  exportsOne: boolean;
}

/**
 * Progress of an import. The answer to an import has a line with this content from time to time.
 */
export interface ImportProgress {
  /** Number of bytes read so far, after decompression. */
  bytes: number;
  /**
   * Number of bytes whose records are committed and correlated. After an interruption, the file can
   * be sent again from this position. Null if it has to be sent from its beginning, because it is
   * compressed or its format cannot be continued.
   */
  committedBytes: number | null;
  /** Number of committed spans and events. */
  records: number;
  skipped: number;
}

/** Result of an import, which is the last line of the answer to it. */
export interface ImportReport extends ImportProgress {
  done: boolean;
  format: string;
  environment: string;
  ms: number;
  /** Reasons why parts of the file were left out, each with an example and how often it applied. */
  reasons: { why: string; what: string; count: number }[];
  /** Set if the import ended early. What was committed before remains. */
  error?: { code: string; detail: string; hint?: string };
}
