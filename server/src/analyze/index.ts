export {
  END,
  FLAGS,
  NODE_KINDS,
  NUMBER_SHIFT,
  START,
  type Trait,
  type TraitBodies,
  type TraitKind,
  type Traits,
} from './trait.ts';
export { codeOf, hexOf, traitId, traitNamed, TRAIT_KINDS, type NamedTrait } from './trait-ids.ts';
export { durationIf } from './what-if.ts';
export { traitsOf } from './traits.ts';
export { adviceFor, type Advice } from './advice.ts';
export { coordinationOf, type Coordination, type Counted } from './coordination.ts';
export { coarsened, criticalPath, timeSpent, type Segment } from './critical-path.ts';
