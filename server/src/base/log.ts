/**
 * Carries a stage's messages to the operator. A stage logs counts, never a line per item: a flood
 * of bad spans must not flood the log.
 */
export interface Log {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

export const silentLog: Log = { info: () => {}, warn: () => {}, error: () => {} };
