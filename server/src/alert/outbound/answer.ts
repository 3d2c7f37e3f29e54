/** The receiver's answer to a notification. */
export interface Answer {
  status: number;
  /** `Retry-After` of the answer, as ms from now; null if the answer has none. */
  retryAfterMs: number | null;
}
