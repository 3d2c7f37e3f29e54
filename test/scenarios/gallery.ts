import { mkdirSync, writeFileSync } from 'node:fs';
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Browser, Page } from 'playwright-core';
import { findBrowser, launch } from '../support/browser.ts';
import { eventually } from '../support/eventually.ts';
import { freshDirectory, startServer } from '../support/server-process.ts';

/**
 * This is `npm run gallery`. It starts one server with the demo and one without data, and takes
 * screenshots of every page into docs/gallery. It takes about four minutes, mainly to wait for the
 * demo's faulty deployment.
 */
const MAX_WARM_UP_MS = 300_000;
const root = fileURLToPath(new URL('../..', import.meta.url));
const folder = join(root, 'docs/gallery');
const WIDE = { width: 1440, height: 900 };
const NARROW = { width: 390, height: 844 };

interface Shot {
  name: string;
  path: string;
  title: string;
}
const PAGES: readonly Shot[] = [
  { name: 'overview', path: '/', title: 'Overview' },
  { name: 'list', path: '/flows', title: 'Explore: list' },
  { name: 'map', path: '/flows?tab=map&type=order', title: 'Explore: map' },
  { name: 'latency', path: '/flows?tab=latency&type=order', title: 'Explore: latency' },
  { name: 'variants', path: '/flows?tab=variants&type=order', title: 'Explore: variants' },
  { name: 'failures', path: '/flows?tab=failures', title: 'Explore: failures' },
  { name: 'differences', path: '/flows?tab=differences&q=status:failed', title: 'Differences' },
  { name: 'incidents', path: '/incidents', title: 'Incidents' },
  { name: 'alerts', path: '/alerts', title: 'Alerts' },
  { name: 'services', path: '/services', title: 'Services' },
  { name: 'settings', path: '/settings', title: 'Settings' },
  { name: 'connect', path: '/connect', title: 'Connect' },
];
const EMPTY: readonly Shot[] = [
  { name: 'empty-overview', path: '/', title: 'Overview without data' },
  { name: 'empty-incidents', path: '/incidents', title: 'Incidents without data' },
];
const LOOKS = [
  { suffix: 'light', theme: 'light', size: WIDE },
  { suffix: 'dark', theme: 'dark', size: WIDE },
  { suffix: 'narrow', theme: 'light', size: NARROW },
] as const;

const executable = findBrowser();
if (executable === undefined) throw new Error('no Chromium found: scripts/brokers installs one');
mkdirSync(folder, { recursive: true });
const directory = freshDirectory();
const server = await startServer(directory.path);
const demo = spawn(process.execPath, [join(root, 'test/dist/scenarios/demo.js')], {
  stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  env: { ...process.env, OTEL_EXPORTER_OTLP_ENDPOINT: server.otlp },
});
const browser = await launch(executable);
try {
  await eventually(() => refused(server.web), MAX_WARM_UP_MS);
  const stuck = await firstStuck(server.web);
  const flow = `/flow/${encodeURIComponent(stuck)}`;
  const shots: Shot[] = [
    ...PAGES,
    { name: 'flow', path: flow, title: 'A stuck flow' },
    { name: 'sequence', path: `${flow}?tab=sequence`, title: 'Its sequence' },
  ];
  await take(browser, server.web, shots);
  const other = freshDirectory();
  const empty = await startServer(other.path);
  await take(browser, empty.web, EMPTY);
  await empty.end('SIGTERM');
  other.remove();
  writeFileSync(join(folder, 'README.md'), page([...shots, ...EMPTY]));
} finally {
  await browser.close();
  demo.kill('SIGTERM');
  await server.end('SIGTERM');
  directory.remove();
}

/** Throws as long as the demo's faulty deployment has caused no failure. */
async function refused(web: string): Promise<void> {
  const query = new URLSearchParams({ q: 'error:InvalidCardToken', limit: '1' });
  const response = await fetch(`${web}/api/v1/flows?${query.toString()}`);
  const { total } = (await response.json()) as { total: number };
  if (total === 0) throw new Error('the deployment has not failed yet');
}

/** Throws as long as a part of the page is loading. */
async function shown(tab: Page): Promise<void> {
  const loading = tab.locator('.skeleton').or(tab.getByText(/^Loading/));
  if ((await loading.count()) > 0) throw new Error('the page is still loading');
}

/** Returns the id of the flow that has been stuck for longest; of any flow if none is stuck. */
async function firstStuck(web: string): Promise<string> {
  for (const query of ['status=stuck&limit=1000', 'limit=1']) {
    const response = await fetch(`${web}/api/v1/flows?${query}`);
    const { items } = (await response.json()) as { items: { id: string }[] };
    const last = items.at(-1);
    if (last) return last.id;
  }
  throw new Error('the demo has no flow');
}

async function take(browser: Browser, web: string, shots: readonly Shot[]): Promise<void> {
  for (const { suffix, theme, size } of LOOKS) {
    const tab = await browser.newPage({ colorScheme: theme, viewport: size });
    for (const { name, path } of shots) {
      await tab.goto(web + path, { waitUntil: 'networkidle' });
      await eventually(() => shown(tab));
      await tab.screenshot({ path: join(folder, `${name}-${suffix}.png`) });
      process.stdout.write(`${name}-${suffix}\n`);
    }
    await tab.close();
  }
}

function page(shots: readonly Shot[]): string {
  const parts = shots.map(
    ({ name, title }) => `## ${title}

![${title}, light](${name}-light.png)

![${title}, dark](${name}-dark.png)

![${title}, on a phone](${name}-narrow.png)
`,
  );
  return `# Gallery

Every page with the data of the demo. Made by \`npm run gallery\`.

${parts.join('\n')}`;
}
