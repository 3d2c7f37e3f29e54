/** Describes this server, and the addresses and settings with which services send to it. */
export interface About {
  version: string;
  startedAt: string;
  store: 'embedded' | 'clickhouse';
  otlpHttp: string;
  otlpGrpc: string;
  retention: string;
  /** Lists the environment variables that a service needs to send here, as `NAME=value`. */
  environment: string[];
}
