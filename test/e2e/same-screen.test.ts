import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { scenarioNamed } from '../scenarios/index.ts';
import { runScenario, type RunningScenario } from '../scenarios/run.ts';
import { addressesOf } from '../support/addresses.ts';
import { findBrowser, launch } from '../support/browser.ts';
import { buildDashboard } from '../support/dashboard.ts';
import { eventually } from '../support/eventually.ts';
import { freshDirectory, startServer, type ServerProcess } from '../support/server-process.ts';

const executable = findBrowser();
const ADDRESSES = addressesOf('order-choreographed', 'same-1').map(({ path }) => path);

/**
 * These tests check invariant I8 in a browser: after whatever happens, a page that stayed open must
 * show the same as a page that was just opened.
 */
describe.runIf(executable)('a page that stayed open', () => {
  let browser: Browser;
  let context: BrowserContext;
  let server: ServerProcess;
  let running: RunningScenario;
  const pages = new Map<string, Page>();
  const directory = freshDirectory();
  let ordered = 0;

  const start = async (ports: Record<string, string> = {}): Promise<void> => {
    server = await startServer(directory.path, { FERMATA_SETTLE: '1s', ...ports });
  };
  beforeAll(async () => {
    buildDashboard();
    await start();
    running = await runScenario(scenarioNamed('checkout-choreographed'), { otlp: server.otlp });
    await order();
    browser = await launch(executable!);
    context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
    for (const path of ADDRESSES) {
      const page = await context.newPage();
      await page.goto(server.web + path);
      pages.set(path, page);
    }
  }, 180_000);
  afterAll(async () => {
    await browser.close();
    await running.stop();
    await server.end('SIGTERM');
    directory.remove();
  });

  /** Places two orders, and waits until all flows have ended, so that nothing changes any more. */
  async function order(): Promise<void> {
    for (let nth = 0; nth < 2; nth++)
      await running.placeOrder({ orderId: `same-${++ordered}`, flags: ['member'] });
    await eventually(async () => {
      const answer = await fetch(
        `${server.web}/api/v1/flows?status=completed&type=order-choreographed`,
      );
      expect(((await answer.json()) as { total: number }).total).toBe(ordered);
    }, 30_000);
  }

  /**
   * Returns the text of a page, with ages, times of day and rates replaced, because they change by
   * themselves.
   */
  const textOf = async (page: Page): Promise<string[]> =>
    (await page.locator('main').innerText())
      .replace(/\d\d:\d\d(:\d\d(\.\d+)?)?/g, 'time')
      .replace(/\bnow\b|\d[\d.]* (ms|s|min|h|d)\b( \d+ (s|min|h)\b)?( ago)?/g, 'age')
      .replace(/\b\d[\d.]* a minute\b/g, 'rate')
      .replace(/\d+\.\d+/g, 'figure')
      // The rate of a flow type stands in a column of its own, before the median and p95.
      .replace(/^\s*\d+(?=\s+age\s+age\s*$)/gm, 'figure')
      .split('\n')
      .map((line) => line.trim())
      // Labels of time axes are removed, because their number depends on the available width.
      .filter((line) => line !== '' && line !== 'time');
  async function expectSame(): Promise<void> {
    for (const [path, page] of pages) {
      const fresh = await context.newPage();
      await fresh.goto(server.web + path);
      await fresh.getByText('spans/s').waitFor();
      await fresh.waitForLoadState('networkidle');
      const expected = await textOf(fresh);
      await fresh.close();
      // The page is brought to the front, because pages in the background do not update.
      await page.bringToFront();
      await eventually(async () => expect(await textOf(page), path).toEqual(expected), 45_000);
    }
  }

  test('while flows come', async () => {
    await order();
    await expectSame();
  }, 300_000);

  test('that was paused meanwhile', async () => {
    for (const page of pages.values()) await page.locator('body').press('p');
    await order();
    for (const page of pages.values()) await page.locator('body').press('p');
    await expectSame();
  }, 300_000);

  test('that was asleep meanwhile', async () => {
    const sleepers = await Promise.all(
      [...pages.values()].map((page) => context.newCDPSession(page)),
    );
    for (const one of sleepers) await one.send('Page.setWebLifecycleState', { state: 'frozen' });
    await order();
    for (const one of sleepers) await one.send('Page.setWebLifecycleState', { state: 'active' });
    await expectSame();
  }, 300_000);

  test('whose server was killed and came back with more', async () => {
    const port = (address: string): string => new URL(address).port;
    const ports = {
      ...{ FERMATA_PORT: port(server.web), FERMATA_OTLP_HTTP_PORT: port(server.otlp) },
    };
    await server.end('SIGKILL');
    await start(ports);
    await order();
    await expectSame();
  }, 300_000);
});
