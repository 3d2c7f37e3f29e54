/** What the receiver of a notification answered. */
export interface Answer {
  status: number;
  /** `Retry-After` as ms from now, or null. */
  retryAfterMs: number | null;
}
