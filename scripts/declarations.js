// Rewrites the imports of the instrumentation's declarations: tsc leaves `./x.ts` in them, which
// TypeScript before 5.0 does not find. The build in dist/ is what `npm pack` takes.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const dist = fileURLToPath(new URL('../instrumentation/dist', import.meta.url));
for (const name of readdirSync(dist, { recursive: true, encoding: 'utf8' })) {
  if (!name.endsWith('.d.ts')) continue;
  const path = join(dist, name);
  const text = readFileSync(path, 'utf8');
  const mended = text.replace(/((?:from |import\()'\.[^']*)\.ts'/g, "$1.js'");
  if (mended !== text) writeFileSync(path, mended);
}
