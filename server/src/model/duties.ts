/** Tells which compensation is due once a flow fails: steps by name, and the order that binds. */
export interface UndoDuties {
  /** Names the forward steps that are compensated whenever their flow fails. */
  owed: ReadonlySet<string>;
  /** Each entry is an `undoPair` of step names. */
  order: ReadonlySet<string>;
}

/** Joins two step names; the first is compensated before the second. */
export const undoPair = (first: string, second: string): string => `${first}\0${second}`;
export function readUndoPair(pair: string): readonly [first: string, second: string] {
  const [first = '', second = ''] = pair.split('\0');
  return [first, second];
}
