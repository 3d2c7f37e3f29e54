/**
 * Logs messages for the operator. Never log a message for each span or request, because many bad
 * spans would flood the log. Log counts instead.
 */
export interface Log {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

export const silentLog: Log = { info: () => {}, warn: () => {}, error: () => {} };
