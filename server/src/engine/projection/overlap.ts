/**
 * Makes a batch and hands it on, again and again while `hasMore`; the next one is made while the
 * last one is on its way. Of a backlog a core would idle otherwise, and the backlog grow. Batches
 * are handed on in order, and each that was made is handed on, whatever happens to those before it.
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
      handing.catch(() => undefined); // Heard of below.
      await before;
    } while (hasMore());
  } finally {
    await handing;
  }
}
