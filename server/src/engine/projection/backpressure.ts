/**
 * Backpressure delays the answers to senders until projection has caught up. Otherwise memory would
 * keep growing while senders are faster than projection.
 */
export interface Backpressure {
  /** Resolves when projection has caught up, or when backpressure has been ended. */
  waitForCapacity(): Promise<void>;
  /** Lets waiting senders check again whether projection has caught up. */
  release(): void;
  /**
   * Ends backpressure permanently. Called before shutdown, because otherwise senders would wait as
   * long as the store rejects writes.
   */
  end(): void;
}

/**
 * Creates backpressure. `isBehind` returns whether senders have to wait. `onHeld` is called
 * whenever a sender begins to wait. It must start the next projection cycle, because possibly no
 * other span arrives that would start one.
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
