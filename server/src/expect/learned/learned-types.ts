import type { Counters } from '../../base/counters.ts';
import { createTypeModel, type TypeModel } from './model.ts';
import { MIN_SAMPLES } from './outcome-sets.ts';

/**
 * What was learned, by environment and flow type, in bounded memory. When it is full the type that
 * was used longest ago goes: first of those that taught once at most, as junk does, then of those
 * of which too little is known to judge by; a type that taught a hundred times never does (guarded
 * by learned-types.test.ts).
 */
export interface LearnedTypes extends Iterable<[type: string, model: TypeModel]> {
  /** Of a type that there is no room for, a model that nobody keeps. */
  of(type: string): TypeModel;
  get(type: string): TypeModel | undefined;
  has(type: string): boolean;
  /** The type taught, or a flow of it was retracted. */
  used(type: string): void;
  /** It is to be stored. */
  markChanged(type: string): void;
  /** Types that were marked since the last call. */
  takeChanged(): string[];
  /** From before the last start. */
  load(models: readonly (readonly [type: string, model: TypeModel])[]): void;
}

const MAX_TYPES = 2000;
const SEVERAL = 2;

export function createLearnedTypes(counters: Counters, max = MAX_TYPES): LearnedTypes {
  const models = new Map<string, TypeModel>();
  /** Those that may go, the longest unused first: that taught once at most, and several times. */
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
