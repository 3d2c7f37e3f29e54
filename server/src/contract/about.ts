import type { Count, Instant } from './units.ts';
/** Describes this server, and the addresses and settings with which services send to it. */
export interface About {
  version: string;
  startedAt: Instant;
  store: 'embedded' | 'clickhouse';
  otlpHttp: string;
  otlpGrpc: string;
  retention: string;
  /** Is true if the data is that of the demo, of which the dashboard shows a tour. */
  demo: boolean;
  /** Lists the environment variables that a service needs to send here, as `NAME=value`. */
  environment: string[];
  /** Memory that the server's process uses now, in bytes. */
  memoryBytes: Count;
  /** Lists settings of the server that decide what is kept and what counts as late. */
  settings: { name: string; value: string; help: string }[];
}
