import { existsSync } from 'node:fs';
import { chromium, type Browser } from 'playwright-core';

/**
 * Usual paths of Chromium. Without it, tests in a browser are skipped with a message, or fail with
 * FERMATA_REQUIRE_BROWSER=1.
 */
const CANDIDATES = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
];

export function findBrowser(): string | undefined {
  const found =
    CANDIDATES.find((path) => existsSync(path)) ??
    (existsSync(chromium.executablePath()) ? chromium.executablePath() : undefined);
  if (found === undefined && process.env['FERMATA_REQUIRE_BROWSER'] === '1')
    throw new Error('no Chromium found, and FERMATA_REQUIRE_BROWSER=1');
  return found;
}

export const launch = (executablePath: string): Promise<Browser> =>
  chromium.launch({
    executablePath,
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      '--no-first-run',
    ],
  });
