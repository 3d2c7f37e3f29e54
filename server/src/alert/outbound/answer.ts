/** The receiver's answer to a notification. */
export interface Answer {
  status: number;
  /** `Retry-After` as ms from now, or null. */
  retryAfterMs: number | null;
}
