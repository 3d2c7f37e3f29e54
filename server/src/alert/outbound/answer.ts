/** The receiver's response to a notification. */
export interface Answer {
  status: number;
  /** `Retry-After` of the response, in ms from now; null if absent. */
  retryAfterMs: number | null;
}
