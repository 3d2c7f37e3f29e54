/**
 * Holds answers back while too much is to be projected: without it memory would grow for as long as
 * senders are faster.
 */
export interface Backpressure {
  /** Resolves once projection has caught up, or never holds again. */
  waitForCapacity(): Promise<void>;
  /** Capacity may be there again: who waits looks once more. */
  release(): void;
  /**
   * Releases backpressure for good. Called before shutdown, so that no sender waits for a store
   * that rejects writes.
   */
  end(): void;
}

/** `onHeld`: somebody waits, and nobody sends what would begin the next cycle. */
export function createBackpressure(isBehind: () => boolean, onHeld: () => void): Backpressure {
  const held: (() => void)[] = [];
  let ended = false;
  const release = (): void => {
    for (const resolve of held.splice(0)) resolve();
  };
  return {
    async waitForCapacity() {
      while (isBehind() && !ended) {
        onHeld();
        await new Promise<void>((resolve) => held.push(resolve));
      }
    },
    release,
    end() {
      ended = true;
      release();
    },
  };
}
