import { FermataError, messageOf } from '../base/errors.ts';
import { LIMITS, type OtlpExport } from '../model/otlp.ts';

/**
 * This file determines the status of every OTLP response, as specified in "Failures" of the OTLP
 * specification (opentelemetry-proto). Retryable errors get 503 with Retry-After (in gRPC,
 * UNAVAILABLE with RetryInfo), permanent errors get 400, 413 or 415. Temporary failures never get
 * 500, because senders drop their data after a 500.
 */
/**
 * HTTP response header, and gRPC metadata key, that contains the URL of the dashboard.
 * `fermata-doctor` uses it to find the telemetry that it sent.
 */
export const DASHBOARD_HEADER = 'fermata-dashboard';

export type Encoding = 'protobuf' | 'json';

export const CONTENT_TYPE: Record<Encoding, string> = {
  protobuf: 'application/x-protobuf',
  json: 'application/json',
};

export interface HttpAnswer {
  status: number;
  body: Buffer;
  retryAfterSeconds?: number;
}

/** gRPC status codes: https://github.com/grpc/grpc/blob/master/doc/statuscodes.md. */
const GRPC = { invalidArgument: 3, resourceExhausted: 8, unimplemented: 12, unavailable: 14 };

interface Verdict {
  http: number;
  grpc: number;
}

const PERMANENT: Partial<Record<FermataError['code'], Verdict>> = {
  'otlp.too-large': { http: 413, grpc: GRPC.resourceExhausted },
  'otlp.unsupported-type': { http: 415, grpc: GRPC.unimplemented },
  'otlp.unsupported-encoding': { http: 415, grpc: GRPC.unimplemented },
};

/**
 * Returns the response to a committed request. If records were rejected or anything was cut,
 * `partial_success` contains the reasons. If anything was only cut, its number of rejected records
 * is 0.
 */
export function success(
  request: OtlpExport,
  encoding: Encoding,
  signal: 'spans' | 'logs',
): HttpAnswer {
  const { rejected, rejectedReason, truncated, namesCut = 0, logsDropped = 0 } = request;
  const message = [
    rejected > 0 ? rejectedReason : '',
    truncated > 0 ? `${truncated} attributes, links, events or texts were cut to the limits` : '',
    namesCut > 0 ? `${namesCut} names are longer than ${LIMITS.name} characters and were cut` : '',
    logsDropped > 0
      ? `${logsDropped} log records were not kept: their traces have as many as are kept of one`
      : '',
  ]
    .filter((one) => one !== '')
    .join('; ');
  if (message === '')
    return { status: 200, body: encoding === 'json' ? Buffer.from('{}') : Buffer.alloc(0) };
  if (encoding === 'json') {
    const field = signal === 'spans' ? 'rejectedSpans' : 'rejectedLogRecords';
    const partialSuccess = { [field]: String(request.rejected), errorMessage: message };
    return { status: 200, body: Buffer.from(JSON.stringify({ partialSuccess })) };
  }
  const partial = Buffer.concat([
    request.rejected > 0 ? Buffer.concat([varint(8), varint(request.rejected)]) : Buffer.alloc(0),
    field(2, Buffer.from(message)),
  ]);
  return { status: 200, body: field(1, partial) };
}

/**
 * Returns the response to a failed request. `jitter` is a random number from 0 to 1. It spreads the
 * retries of many senders over 1 to 3 seconds.
 */
export function failure(error: unknown, encoding: Encoding, jitter: number): HttpAnswer {
  const { verdict, retryAfterSeconds, message } = judge(error, jitter);
  const body =
    encoding === 'json'
      ? Buffer.from(JSON.stringify({ code: verdict.grpc, message }))
      : statusMessage(verdict.grpc, message);
  return {
    status: verdict.http,
    body,
    ...(retryAfterSeconds !== undefined && { retryAfterSeconds }),
  };
}

export interface GrpcFailure {
  code: number;
  details: string;
  /**
   * Value of `grpc-status-details-bin`: an encoded google.rpc.Status, with RetryInfo if the error
   * is retryable.
   */
  status: Buffer;
}

export function grpcFailure(error: unknown, jitter: number): GrpcFailure {
  const { verdict, retryAfterSeconds, message } = judge(error, jitter);
  return {
    code: verdict.grpc,
    details: message,
    status: statusMessage(verdict.grpc, message, retryAfterSeconds),
  };
}

function judge(
  error: unknown,
  jitter: number,
): { verdict: Verdict; retryAfterSeconds: number | undefined; message: string } {
  const known = error instanceof FermataError ? error : undefined;
  // Treat an unknown error as temporary, so that the sender keeps its data and retries.
  const retryable = known?.retryable ?? true;
  const verdict = retryable
    ? { http: 503, grpc: GRPC.unavailable }
    : (PERMANENT[known!.code] ?? { http: 400, grpc: GRPC.invalidArgument });
  return {
    verdict,
    retryAfterSeconds: retryable ? 1 + Math.round(jitter * 2) : undefined,
    message: known ? `${known.code}: ${known.message}` : messageOf(error),
  };
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  for (; value > 0x7f; value = Math.floor(value / 128)) bytes.push((value & 0x7f) | 0x80);
  bytes.push(value);
  return Buffer.from(bytes);
}

function field(number: number, content: Buffer): Buffer {
  return Buffer.concat([varint(number * 8 + 2), varint(content.length), content]);
}

/**
 * Encodes a google.rpc.Status { code = 1, message = 2, details = 3 }. If `retrySeconds` is given,
 * the details contain a google.rpc.RetryInfo { retry_delay = 1 }.
 */
function statusMessage(code: number, message: string, retrySeconds?: number): Buffer {
  const parts = [
    Buffer.concat([varint(8), varint(code)]),
    field(2, Buffer.from(message.slice(0, 1024))),
  ];
  if (retrySeconds !== undefined) {
    const delay = field(1, Buffer.concat([varint(8), varint(retrySeconds)]));
    parts.push(
      field(
        3,
        Buffer.concat([
          field(1, Buffer.from('type.googleapis.com/google.rpc.RetryInfo')),
          field(2, delay),
        ]),
      ),
    );
  }
  return Buffer.concat(parts);
}
