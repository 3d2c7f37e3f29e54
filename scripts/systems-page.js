import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';

/**
 * Generates docs/systems.md (`npm run docs:systems`). It runs every scenario and writes its
 * services, the expected result of each case, and a screenshot of the timeline of one order. It
 * needs Chromium, whose path the environment variable CHROMIUM can override.
 */
const root = fileURLToPath(new URL('..', import.meta.url));
const load = (path) => import(join(root, 'test/dist', path));
const { SCENARIOS } = await load('scenarios/index.js');
const { runScenario } = await load('scenarios/run.js');
const { define } = await load('scenarios/check.js');
const { eventually } = await load('support/eventually.js');
const data = mkdtempSync(join(tmpdir(), 'fermata-docs-'));
const server = spawn(process.execPath, [join(root, 'server/dist/main.js')], {
  stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  env: {
    ...process.env,
    UV_THREADPOOL_SIZE: '16',
    FERMATA_DATA_DIR: data,
    FERMATA_PORT: '0',
    FERMATA_OTLP_HTTP_PORT: '0',
    FERMATA_OTLP_GRPC_PORT: '0',
    FERMATA_SETTLE: '1s',
    FERMATA_STUCK_FLOOR: '1s',
    FERMATA_LOG_LEVEL: 'warn',
  },
});
const ports = await new Promise((resolve) =>
  server.once('message', (message) => resolve(message.ports)),
);
const web = `http://127.0.0.1:${ports.web}`;
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox'],
});
const page = await browser.newPage({
  viewport: { width: 1000, height: 1600 },
  colorScheme: 'light',
});
mkdirSync(join(root, 'docs/systems'), { recursive: true });

/** Returns the case for the screenshot, preferably one in which a flow waits for something. */
const worth = ({ cases, faults }) =>
  cases.find((one) => one.seen.waiting && !(one.fault && faults[one.fault]?.kind === 'dead')) ??
  cases[0];
const short = ({ status, findings = [], waiting = [] }) =>
  [
    status,
    ...findings.map((rule) => `\`${rule}\``),
    ...(waiting.length ? [`waits for ${waiting.join(', ')}`] : []),
  ].join(', ');
let text = `# The systems that Fermata explains

Nineteen systems of separate services, each with its faults. \`npm run scenario -- <name>\` runs one, \`npm run scenario -- all --check\` compares every
case below with what the API says. Pictures and this page are made by \`npm run docs:systems\` from \`test/scenarios/systems/\`.
`;
for (const scenario of SCENARIOS) {
  const running = await runScenario(scenario, { otlp: `http://127.0.0.1:${ports.otlpHttp}` });
  const one = worth(scenario);
  await define(web, scenario);
  await running.placeOrder(
    {
      orderId: `doc-${scenario.name}`,
      flags: one.flags ?? [],
      ...(one.fault && { fault: one.fault }),
    },
    true,
  );
  const wanted = one.seen.status;
  await eventually(async () => {
    const response = await fetch(`${web}/api/v1/flows/doc-${scenario.name}`);
    const flow = response.status === 200 ? await response.json() : null;
    if (flow?.status !== wanted && flow?.health !== wanted)
      throw new Error(`${scenario.name} is ${flow?.status ?? 'not there'} instead of ${wanted}`);
  });
  await page.goto(`${web}/flow/doc-${scenario.name}`);
  await page.locator('.timeline').waitFor();
  const box = page.locator('.timeline').locator('..');
  await box.screenshot({ path: join(root, `docs/systems/${scenario.name}.png`) });
  await running.stop();
  process.stdout.write(`${scenario.name}: ${one.name}\n`);
  text += `
## ${scenario.name}

${scenario.summary} Flow type \`${scenario.flowType}\`; services ${scenario.services.map(({ name }) => name).join(', ')}.

| case | fault | what is seen |
|---|---|---|
${scenario.cases.map(({ name, fault, seen, afterwards }) => `| ${name} | ${fault ? `\`${fault}\`` : ''} | ${short(seen)}${afterwards ? `; then ${short(afterwards)}` : ''} |`).join('\n')}

![${scenario.name}: ${one.name}](systems/${scenario.name}.png)
${scenario.lenses.length > 0 ? `\nOver all its orders: ${scenario.lenses.map(({ says }) => says).join('; ')}.\n` : ''}`;
}
writeFileSync(join(root, 'docs/systems.md'), text);
await browser.close();
server.kill('SIGTERM');
await new Promise((resolve) => server.once('exit', resolve));
rmSync(data, { recursive: true, force: true });
