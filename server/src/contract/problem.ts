/**
 * An error as RFC 9457 `application/problem+json`. `code` never changes its meaning, and `hint`
 * tells the caller what to do.
 */
export interface Problem {
  type: string;
  title: string;
  status: number;
  code: string;
  detail: string;
  hint?: string;
  /** Ids of all flows that have the requested name; present only with status 300. */
  choices?: string[];
}
