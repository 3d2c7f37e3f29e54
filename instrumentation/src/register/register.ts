import { createRequire } from 'node:module';
import { extname } from 'node:path';

/**
 * This file is loaded by `node --import @fermata/instrumentation/register app.js` and loads
 * `start`. If a package is missing or the SDK cannot be started, the application starts without
 * tracing. It loads synchronously, so that `node --require` works too. Node also runs it in its
 * loader thread (see `loading.ts`), where nothing must be started.
 */
try {
  if (process.env['FERMATA_IN_LOADER'] === undefined)
    createRequire(__filename)(`./start${extname(__filename)}`);
} catch (error) {
  const { code, message } = error as Partial<NodeJS.ErrnoException>;
  const missing = code?.endsWith('MODULE_NOT_FOUND')
    ? /'(@opentelemetry\/[\w-]+)/.exec(message ?? '')?.[1]
    : undefined;
  process.stderr.write(
    missing === undefined
      ? `fermata: could not be started; nothing will be traced: ${message ?? String(error)}\n`
      : `fermata: ${missing} is not installed; nothing will be traced. → npm install ${missing}\n`,
  );
}
