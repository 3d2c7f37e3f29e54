/** RFC 9457 `application/problem+json`, with a stable code and what the caller can do. */
export interface Problem {
  type: string;
  title: string;
  status: number;
  code: string;
  detail: string;
  hint?: string;
  /** With status 300: every flow that has the name. */
  choices?: string[];
}
