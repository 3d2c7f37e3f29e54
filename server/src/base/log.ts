/**
 * What a stage may say to the operator. Counts, never one line per item (a flood of bad spans must
 * not flood the log).
 */
export interface Log {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

export const silentLog: Log = { info: () => {}, warn: () => {}, error: () => {} };
