/**
 * Tells which compensations are due if a flow of one type fails, and in which order they must run.
 */
export interface UndoDuties {
  /** Holds the names of steps that are compensated in every failed flow. */
  owed: ReadonlySet<string>;
  /**
   * Holds pairs of step names (`undoPair`): if a pair is in this set, its first step must be
   * compensated before its second step.
   */
  order: ReadonlySet<string>;
}

/** Returns a text for the pair of step names: `first` is compensated before `second`. */
export const undoPair = (first: string, second: string): string => `${first}\0${second}`;
export function readUndoPair(pair: string): readonly [first: string, second: string] {
  const [first = '', second = ''] = pair.split('\0');
  return [first, second];
}
