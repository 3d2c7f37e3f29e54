import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** Returns the directory of the built dashboard; '' if it has not been built. */
export function webRoot(): string {
  const path = fileURLToPath(new URL('../../web/dist', import.meta.url));
  return existsSync(`${path}/index.html`) ? path : '';
}
