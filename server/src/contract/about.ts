import type { Count, Instant } from './units.ts';
/** Describes this server, and the addresses and settings with which services send to it. */
export interface About {
  version: string;
  startedAt: Instant;
  store: 'embedded' | 'clickhouse';
  otlpHttp: string;
  otlpGrpc: string;
  retention: string;
  /** True if the server shows the data of the demo; the dashboard then offers a tour of it. */
  demo: boolean;
  /** Environment variables that a service needs to send to this server, as `NAME=value`. */
  environment: string[];
  /** Memory that the server's process uses now, in bytes. */
  memoryBytes: Count;
  /** Settings of the server that decide what is kept and what counts as late. */
  settings: { name: string; value: string; help: string }[];
}
