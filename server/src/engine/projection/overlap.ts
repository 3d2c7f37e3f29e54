/**
 * Makes batches and hands them on, until `hasMore` returns false. While one batch is handed on, the
 * next is made, because otherwise a CPU core would idle during a backlog. Batches are handed on in
 * order. After a failure, the batch that was already made is still handed on.
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
