import { spawnSync } from 'node:child_process';
import { failDeliveries } from '../core/in-flight.ts';
import { addressOf, headersOf, protocolOf, type Load, type Pending } from './exporters.ts';

/** Maximum time by which the export delays the end of a process, ms. */
const MAX_FLUSH_MS = 1000;
/** Maximum number of spans, and of log records, that are exported when a process ends. */
const MAX_RECORDS = 5000;

interface Serializer {
  serializeRequest(records: object[]): Uint8Array | undefined;
}

/**
 * The last export of a process in which nothing asynchronous can run any more, because an uncaught
 * error or `process.exit` ends it. A child process sends what is pending.
 */
export interface LastExport {
  send(): void;
  /** Gives up what is pending, because it had its time to be sent. */
  giveUp(): void;
}

export function createLastExport(pending: Pending, load: Load): LastExport {
  const transformer = load('@opentelemetry/otlp-transformer') as unknown as
    Partial<Record<'JsonTraceSerializer' | 'JsonLogsSerializer', Serializer>> | undefined;
  const traces = transformer?.JsonTraceSerializer;
  const logs = transformer?.JsonLogsSerializer;
  const giveUp = (): void => {
    pending.spans.clear();
    pending.logs.clear();
  };
  return {
    send() {
      try {
        const requests = [
          ...requestOf('traces', traces, pending.spans),
          ...requestOf('logs', logs, pending.logs),
        ];
        giveUp();
        if (requests.length > 0) post(requests);
      } catch {
        // An error of the export is ignored, so that the process ends as it would without it.
      }
    },
    giveUp,
  };
}

/**
 * Exports pending spans and log records when an uncaught error ends the process. Without this, a
 * message that crashes its handler would look like a message that no consumer took. The exit code
 * and the printed error do not change.
 */
export function flushAtCrash(last: LastExport): void {
  process.on('uncaughtExceptionMonitor', (error) => {
    failDeliveries(error);
    last.send();
  });
}

interface Request {
  url: string;
  headers: Record<string, string>;
  body: string;
}

function requestOf(
  signal: 'traces' | 'logs',
  serializer: Serializer | undefined,
  pending: Set<object>,
): Request[] {
  if (serializer === undefined || pending.size === 0 || protocolOf(signal) === 'grpc') return [];
  const body = serializer.serializeRequest([...pending].slice(-MAX_RECORDS));
  if (body === undefined) return [];
  return [
    {
      url: addressOf(signal),
      headers: { ...headersOf(signal), 'content-type': 'application/json' },
      body: Buffer.from(body).toString('utf8'),
    },
  ];
}

/** Program of the child process. It reads requests from its standard input and sends them. */
const PROGRAM = `
let text = '';
process.stdin.on('data', (chunk) => (text += chunk)).on('end', () => {
  for (const { url, headers, body } of JSON.parse(text))
    (url.startsWith('https:') ? require('https') : require('http'))
      .request(url, { method: 'POST', headers }, (response) => response.resume())
      .on('error', () => {})
      .end(body);
});`;

function post(requests: Request[]): void {
  const { NODE_OPTIONS: _, ...env } = process.env;
  spawnSync(process.execPath, ['--eval', PROGRAM], {
    input: JSON.stringify(requests),
    timeout: MAX_FLUSH_MS,
    stdio: ['pipe', 'ignore', 'ignore'],
    env,
  });
}
