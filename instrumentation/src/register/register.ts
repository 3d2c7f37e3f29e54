import { createRequire } from 'node:module';
import { extname } from 'node:path';

/**
 * This file runs `start` for `node --import @fermata/instrumentation/register app.js`. The host
 * starts even if a package is not installed or the SDK cannot be started. The file is loaded
 * synchronously, without await, so that `node --require` accepts it, too. Node runs it again in the
 * thread that loads modules (see `loading.ts`), where nothing is to be started.
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
