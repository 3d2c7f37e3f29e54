/**
 * Writes messages for the operator. Messages contain counts; there is never a message per span or
 * request, because a flood of bad spans must not flood the log.
 */
export interface Log {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

export const silentLog: Log = { info: () => {}, warn: () => {}, error: () => {} };
