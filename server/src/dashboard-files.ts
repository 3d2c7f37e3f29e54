import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** Directory of the built dashboard; '': it was not built. */
export function webRoot(): string {
  const path = fileURLToPath(new URL('../../web/dist', import.meta.url));
  return existsSync(`${path}/index.html`) ? path : '';
}
