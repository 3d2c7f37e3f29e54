/** The result of one check. The exit code is 1 if any check is `wrong`. */
export interface Diagnosis {
  check: string;
  state: 'ok' | 'hint' | 'wrong';
  found: string;
  /** Advice for the user: what to change. */
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

/** Returns the lines that are printed for a diagnosis. */
export function linesOf({ check, state, found, todo }: Diagnosis): string {
  const label = { ok: 'ok   ', hint: 'hint ', wrong: 'WRONG' }[state];
  return `${label} ${check}: ${found}\n${todo === undefined ? '' : `      → ${todo}\n`}`;
}
