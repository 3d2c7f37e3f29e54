/**
 * Makes batches and hands them on while `hasMore` returns true. The next batch is made while the
 * previous one is handed on; otherwise a core would idle during a backlog, and the backlog would
 * grow. Batches are handed on in order. Every batch that was made is handed on, even if handing on
 * an earlier batch failed.
 */
export async function overlap<T>(
  make: () => Promise<T>,
  handOn: (batch: T) => Promise<void>,
  hasMore: () => boolean,
): Promise<void> {
  let handing = Promise.resolve();
  try {
    do {
      const batch = await make();
      const before = handing;
      handing = before.finally(() => handOn(batch));
      handing.catch(() => undefined); // The error is handled where `handing` is awaited.
      await before;
    } while (hasMore());
  } finally {
    await handing;
  }
}
