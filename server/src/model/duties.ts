/** What has to be undone once a flow fails: steps by name, and the order that binds. */
export interface UndoDuties {
  /** Forward step names that are undone whenever their flow fails. */
  owed: ReadonlySet<string>;
  /** Pairs of step names, each an `undoPair`. */
  order: ReadonlySet<string>;
}

/** The first is undone before the second. */
export const undoPair = (first: string, second: string): string => `${first}\0${second}`;
export function readUndoPair(pair: string): readonly [first: string, second: string] {
  const [first = '', second = ''] = pair.split('\0');
  return [first, second];
}
