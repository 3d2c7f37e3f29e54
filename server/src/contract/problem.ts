/**
 * Describes an error as RFC 9457 `application/problem+json`, with a stable code and a hint at what
 * the caller can do.
 */
export interface Problem {
  type: string;
  title: string;
  status: number;
  code: string;
  detail: string;
  hint?: string;
  /** Lists the ids of all flows that have the name; present with status 300. */
  choices?: string[];
}
