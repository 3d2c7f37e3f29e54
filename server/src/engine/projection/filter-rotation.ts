import { messageOf } from '../../base/errors.ts';
import type { Log } from '../../base/log.ts';
import type { EvictedNames } from '../../correlate/index.ts';
import type { NameIndex } from '../../store/index.ts';

/**
 * Limits the size of the evicted-names filter (a Bloom filter) by dropping its older generation.
 * Before that, the names of open flows are added again, so that open flows are always found.
 */
export interface FilterRotation {
  /** Begins a rotation if the filter is full and no rotation is in progress. */
  begin(): void;
  idle(): Promise<void>;
}

export function createFilterRotation(
  names: EvictedNames,
  store: Pick<NameIndex, 'namesOfOpenFlows'>,
  log: Log,
): FilterRotation {
  let rotation: Promise<void> | undefined;
  const rotate = async (): Promise<void> => {
    try {
      names.beginRotation();
      for await (const block of store.namesOfOpenFlows()) names.addToFilter(block);
      names.rotateFilter();
    } catch (error) {
      log.warn(
        { reason: messageOf(error) },
        'names of open flows could not be read; memory grows until they can',
      );
    } finally {
      rotation = undefined;
    }
  };
  return {
    begin() {
      if (names.isFilterFull) rotation ??= rotate();
    },
    async idle() {
      await rotation;
    },
  };
}
