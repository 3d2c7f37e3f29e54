// Prepares the instrumentation's dist/ for `npm pack`. It removes built files whose source was
// deleted. It also changes the imports of declarations from `./x.ts`, as tsc writes them, to
// `./x.js`, because TypeScript before 5.0 cannot resolve the former.
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../instrumentation', import.meta.url));
for (const name of readdirSync(join(root, 'dist'), { recursive: true, encoding: 'utf8' })) {
  const built = /^(.*)\.(?:js|js\.map|d\.ts)$/.exec(name);
  if (built === null) continue;
  const path = join(root, 'dist', name);
  if (!existsSync(join(root, 'src', `${built[1]}.ts`))) rmSync(path);
  else if (name.endsWith('.d.ts')) {
    const text = readFileSync(path, 'utf8');
    const mended = text.replace(/((?:from |import\()'\.[^']*)\.ts'/g, "$1.js'");
    if (mended !== text) writeFileSync(path, mended);
  }
}
