/** One thing that was looked at. Only what is surely wrong makes the exit code 1. */
export interface Diagnosis {
  check: string;
  state: 'ok' | 'hint' | 'wrong';
  found: string;
  /** What to do. */
  todo?: string;
}

export type Environment = Record<string, string | undefined>;

export const ok = (check: string, found: string): Diagnosis => ({ check, state: 'ok', found });
export const hint = (check: string, found: string, todo?: string): Diagnosis => ({
  ...{ check, state: 'hint', found },
  ...(todo !== undefined && { todo }),
});
export const wrong = (check: string, found: string, todo: string): Diagnosis => ({
  ...{ check, state: 'wrong', found, todo },
});

/** Returns the lines that a diagnosis is printed as. */
export function linesOf({ check, state, found, todo }: Diagnosis): string {
  const label = { ok: 'ok   ', hint: 'hint ', wrong: 'WRONG' }[state];
  return `${label} ${check}: ${found}\n${todo === undefined ? '' : `      → ${todo}\n`}`;
}
