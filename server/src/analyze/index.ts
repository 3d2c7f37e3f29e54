export {
  END,
  FLAGS,
  NODE_KINDS,
  NUMBER_SHIFT,
  START,
  type TraitBodies,
  type TraitKind,
  type Traits,
} from './trait.ts';
export { codeOf, hexOf, kindOf, traitId, traitNamed } from './trait-ids.ts';
export { durationIf } from './what-if.ts';
export { traitsOf } from './traits.ts';
export { adviceFor } from './advice.ts';
export { coordinationOf, holdingEdges, type Counted } from './coordination.ts';
export { coarsened, criticalPath, timeSpent, type Segment } from './critical-path.ts';
