import { FermataError, messageOf } from '../base/errors.ts';
import { LIMITS, type OtlpExport } from '../model/otlp.ts';

/**
 * This file alone chooses the status of every OTLP answer ("Failures" in the specification of
 * OTLP, opentelemetry-proto). A retryable error is answered with 503 and Retry-After (in
 * gRPC with UNAVAILABLE and RetryInfo), a permanent one with 400, 413 or 415. A failure that may
 * pass is never answered with 500, because senders drop their data on 500.
 */
/**
 * Header of an answer, and metadata of one by gRPC: the address of the dashboard, by which
 * `fermata-doctor` finds what it sent.
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

/** Status codes of gRPC, from https://github.com/grpc/grpc/blob/master/doc/statuscodes.md. */
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
 * Returns the answer to a request that was committed. If some records were rejected or something
 * was cut, the answer says so in partial_success. If something was only cut, the number of rejected
 * records there is 0.
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
 * Returns the answer to a request that failed. `jitter`, from 0 to 1, spreads the retries of many
 * senders over 1 to 3 seconds.
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
   * Holds the value of `grpc-status-details-bin`: a google.rpc.Status, which has RetryInfo if the
   * sender may retry.
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
  // An unknown error is taken to be temporary, so that the sender keeps its data and retries.
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
 * Returns an encoded google.rpc.Status { code = 1, message = 2, details = 3 }. Its details hold a
 * google.rpc.RetryInfo { retry_delay = 1 } if `retrySeconds` is given.
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
