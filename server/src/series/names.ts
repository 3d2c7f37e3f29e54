/**
 * Gives each name its own slot, up to a maximum number. All further names share one slot. Once half
 * of the slots are in use, a new name gets its own slot only after it occurred often. Otherwise
 * names that contain data, such as ids, would each occur once and use up all slots.
 */
export interface Slots<Slot> {
  of: (name: string) => Slot;
  all: () => IterableIterator<[name: string, slot: Slot]>;
}

/** Name of the shared slot. */
export const OTHERS = '(others)';
const OFTEN = 20;
/**
 * Maximum number of names whose occurrences are counted before they get a slot. Beyond it, all
 * counts restart at 0.
 */
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
