/**
 * All error codes, with their meaning. An error is either permanent (the same input fails again) or
 * retryable, as in the OpenTelemetry Collector. A test checks that docs/operations.md lists the
 * same codes.
 */
export const ERRORS = {
  'config.invalid': 'one or more settings are wrong; each is listed',
  'address.in-use': 'another program listens on a port that Fermata needs',
  'data.locked': 'another Fermata uses this data directory',
  'data.unwritable': 'the data directory cannot be written',
  'data.unusable':
    'the path of the data directory holds characters that the engine takes for patterns',
  'data.full': 'the disk of the data directory has too little space to start',
  'data.low':
    'the disk of the data directory has less space than is kept free; nothing is taken until there is more',
  'store.missing-engine': 'the embedded engine is not installed on this platform',
  'store.unavailable': 'the store did not take or give data',
  'otlp.malformed': 'the request body is not OTLP in the encoding that its content type names',
  'otlp.too-deep': 'the request nests deeper than any real telemetry',
  'otlp.too-large': 'the request is larger than the limit, after decompression',
  'otlp.unsupported-type': 'the content type is neither protobuf nor JSON',
  'otlp.unsupported-encoding': 'the content encoding is not gzip, deflate, zstd or identity',
  'intake.full': 'too much is waiting to be committed',
  'intake.stopping': 'the server is shutting down',
  'import.malformed': 'the file is not of its format',
  'import.too-large': 'a part of the file is larger than anything in such a file is',
  'import.busy': 'as many imports are running as may run at once',
  'import.abandoned': 'the client closed the connection before the import ended',
  'import.failed': 'the import ended early; the log has the reason',
  'alert.refused': 'a notification must not go to that address',
  'alert.no-channel': 'no alert channel has this name',
  'alert.not-taken': 'the receiver did not take the notification',
  'query.invalid': 'a query parameter is wrong',
  'query.not-found': 'nothing has this name',
  'query.ambiguous': 'several flows have this name',
  'query.failed': 'the answer could not be computed',
  'request.forbidden': 'the Host or Origin header is not on the allow-list',
  'request.wrong-method': 'the path does not have this method; `Allow` names those that it has',
  'request.too-large': 'the body of the request is larger than 64 kB',
  'request.unsupported-type': 'the body is not application/json, or in an unknown encoding',
} as const;

export type ErrorCode = keyof typeof ERRORS;

export interface ErrorDetails {
  /** True if the same request may succeed later. */
  retryable?: boolean;
  /** What the operator can do about the error. */
  hint?: string;
  cause?: unknown;
}

export class FermataError extends Error {
  readonly code: ErrorCode;
  readonly retryable: boolean;
  readonly hint: string | undefined;

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(message, { cause: details.cause });
    this.name = 'FermataError';
    this.code = code;
    this.retryable = details.retryable ?? false;
    this.hint = details.hint;
  }
}

/** Returns the message of an Error; any other thrown value is converted to text. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
