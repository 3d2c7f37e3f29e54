/** Describes this server, and how to send to it. */
export interface About {
  version: string;
  startedAt: string;
  store: 'embedded' | 'clickhouse';
  otlpHttp: string;
  otlpGrpc: string;
  retention: string;
  /** Lists lines for a service's environment. */
  environment: string[];
}
