/**
 * Backpressure delays the answers to senders until projection has caught up. Without it memory
 * would grow for as long as senders are faster than projection.
 */
export interface Backpressure {
  /** Resolves once projection has caught up, or backpressure has ended. */
  waitForCapacity(): Promise<void>;
  /** Lets waiting senders check for capacity again. */
  release(): void;
  /**
   * Releases backpressure for good. Called before shutdown, so that no sender waits for a store
   * that rejects writes.
   */
  end(): void;
}

/**
 * `isBehind` returns whether senders have to wait. `onHeld` is called when a sender waits; it must
 * start the next cycle, because there may be no further span that starts one.
 */
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
