/**
 * Makes batches and hands them on while `hasMore`; the next one is made while the last is handed
 * on. Without the overlap a core would idle during a backlog, and the backlog would grow. Batches
 * are handed on in order, and each one that was made is handed on, whatever happens to those before
 * it.
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
      handing.catch(() => undefined); // The error is handled below.
      await before;
    } while (hasMore());
  } finally {
    await handing;
  }
}
