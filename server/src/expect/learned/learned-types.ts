import type { Counters } from '../../base/counters.ts';
import { createTypeModel, type TypeModel } from './model.ts';
import { MIN_SAMPLES } from './outcome-sets.ts';

/**
 * Holds the models by environment and flow type, in bounded memory. When the memory is full, the
 * least recently used type is evicted. Types that were learned from at most once, as junk types
 * are, are evicted first. Next are types of which too little is known to judge flows. A type with a
 * hundred flows is never evicted (guarded by learned-types.test.ts).
 */
export interface LearnedTypes extends Iterable<[type: string, model: TypeModel]> {
  /**
   * Returns the model of a type; a temporary model, which is not kept, if there is no room for the
   * type.
   */
  of(type: string): TypeModel;
  get(type: string): TypeModel | undefined;
  has(type: string): boolean;
  /** Records that a flow of the type was learned from, or retracted. */
  used(type: string): void;
  /** Marks a type as due to be stored. */
  markChanged(type: string): void;
  /** Returns the types marked as changed since the last call. */
  takeChanged(): string[];
  /** Loads the models stored before the last start. */
  load(models: readonly (readonly [type: string, model: TypeModel])[]): void;
}

const MAX_TYPES = 2000;
const SEVERAL = 2;

export function createLearnedTypes(counters: Counters, max = MAX_TYPES): LearnedTypes {
  const models = new Map<string, TypeModel>();
  /**
   * Types that may be evicted, least recently used first. `once` holds the types that at most one
   * flow has taught, `several` holds the types that more flows have taught.
   */
  const once = new Set<string>();
  const several = new Set<string>();
  const changed = new Set<string>();
  const place = (type: string, { flows: { total } }: TypeModel): void => {
    once.delete(type);
    several.delete(type);
    if (total < SEVERAL) once.add(type);
    else if (total < MIN_SAMPLES) several.add(type);
  };
  const evict = (): boolean => {
    for (const set of [once, several])
      for (const type of set) {
        set.delete(type);
        models.delete(type);
        counters.add('fermata_learned_types_evicted_total');
        return true;
      }
    return false;
  };

  counters.gauge('fermata_learned_types', () => models.size);
  return {
    of(type) {
      const known = models.get(type);
      if (known !== undefined) return known;
      const model = createTypeModel();
      if (models.size >= max && !evict()) {
        counters.add('fermata_types_not_learned_total');
        return model;
      }
      models.set(type, model);
      place(type, model);
      return model;
    },
    get: (type) => models.get(type),
    has: (type) => models.has(type),
    used(type) {
      const model = models.get(type);
      if (model !== undefined) place(type, model);
    },
    markChanged: (type) => changed.add(type),
    takeChanged() {
      const types = [...changed];
      changed.clear();
      return types;
    },
    load(stored) {
      const byUse = [...stored].sort(([, a], [, b]) => b.flows.total - a.flows.total).slice(0, max);
      for (const [type, model] of byUse) {
        models.set(type, model);
        place(type, model);
      }
    },
    [Symbol.iterator]: () => models.entries(),
  };
}
