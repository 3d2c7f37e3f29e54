/**
 * Compensations that are required when a flow of one type fails, and the order in which they must
 * run.
 */
export interface UndoDuties {
  /** Names of the steps that must be compensated in every failed flow. */
  owed: ReadonlySet<string>;
  /**
   * Pairs of step names (`undoPair`). The first step of a pair must be compensated before the
   * second.
   */
  order: ReadonlySet<string>;
}

/** Encodes a pair of step names as text, where `first` is compensated before `second`. */
export const undoPair = (first: string, second: string): string => `${first}\0${second}`;
export function readUndoPair(pair: string): readonly [first: string, second: string] {
  const [first = '', second = ''] = pair.split('\0');
  return [first, second];
}
