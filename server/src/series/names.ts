/**
 * Gives each name a slot of its own, up to a bound; all further names share one. A name that comes
 * when half of the slots are taken has to be heard often first, because names that are made of data
 * come once each, and would take the slots from those that mean something.
 */
export interface Slots<Slot> {
  of: (name: string) => Slot;
  all: () => IterableIterator<[name: string, slot: Slot]>;
}

/** Name of the slot that further names share. */
export const OTHERS = '(others)';
const OFTEN = 20;
/** Names that are counted until they come often; then all counts begin anew. */
const MAX_WAITING = 10_000;

export function createSlots<Slot>(most: number, create: () => Slot): Slots<Slot> {
  const slots = new Map<string, Slot>();
  const waiting = new Map<string, number>();
  const made = (name: string): Slot => {
    const slot = create();
    slots.set(name, slot);
    waiting.delete(name);
    return slot;
  };
  return {
    of(name) {
      const known = slots.get(name);
      if (known !== undefined) return known;
      if (slots.size < most / 2) return made(name);
      const heard = (waiting.get(name) ?? 0) + 1;
      if (heard >= OFTEN && slots.size < most) return made(name);
      if (waiting.size >= MAX_WAITING) waiting.clear();
      waiting.set(name, heard);
      return slots.get(OTHERS) ?? made(OTHERS);
    },
    all: () => slots.entries(),
  };
}
