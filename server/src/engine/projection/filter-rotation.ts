import { messageOf } from '../../base/errors.ts';
import type { Log } from '../../base/log.ts';
import type { EvictedNames } from '../../correlate/index.ts';
import type { NameIndex } from '../../store/index.ts';

/**
 * Bounds the size of the filter of evicted names by rotating it. Names of open flows stay in the
 * filter, so that these flows are found however long ago they were evicted.
 */
export interface FilterRotation {
  /** Begins a rotation if the filter is full and no rotation is running. */
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
