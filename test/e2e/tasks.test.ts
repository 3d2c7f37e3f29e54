import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createSender } from '../scenarios/history/send.ts';
import { shopHistory, STUCK, versionAt } from '../scenarios/history/shop-history.ts';
import { shop } from '../scenarios/systems/shop.ts';
import { findBrowser, launch } from '../support/browser.ts';
import { buildDashboard } from '../support/dashboard.ts';
import { eventually } from '../support/eventually.ts';
import { freshDirectory, startServer, type ServerProcess } from '../support/server-process.ts';

/**
 * These tests perform typical tasks by keyboard and state how many keys each takes. The data is the
 * history of the demo's shop, with a stuck order, a mailer that is down, and several kinds of
 * failures.
 */
const executable = findBrowser();
const HOUR_MS = 3_600_000;

describe.runIf(executable)('tasks', () => {
  let browser: Browser;
  let server: ServerProcess;
  let page: Page;
  let stop = (): void => {};
  const directory = freshDirectory();

  beforeAll(async () => {
    buildDashboard();
    server = await startServer(directory.path);
    const nowMs = Date.now();
    const sender = createSender(server.otlp, (service, atMs) => ({
      'service.name': service,
      'service.version': versionAt(service, atMs, nowMs),
      'service.instance.id': `${service}-1`,
      'deployment.environment.name': 'demo',
    }));
    stop = () => sender.stop();
    await sender.define(shop, 'checkout');
    const { played } = shopHistory({
      ...{ nowMs, untilMs: nowMs - 5000, seed: 1, lengthMs: HOUR_MS, rate: 0.3 },
      ...{ hourGapMs: 20_000, mailerBackMs: nowMs + HOUR_MS, system: 'bus' },
    });
    await sender.send([...played].reverse(), nowMs);
    await eventually(async () => {
      const response = await fetch(`${server.web}/api/v1/flows?status=stuck`);
      expect(((await response.json()) as { total: number }).total).toBeGreaterThan(10);
    }, 60_000);
    browser = await launch(executable!);
    page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
    page.setDefaultTimeout(20_000);
  }, 240_000);
  afterAll(async () => {
    stop();
    await browser.close();
    await server.end('SIGTERM');
    directory.remove();
  });

  /** Opens a page, waits for its text, and presses the keys. */
  async function from(path: string, shows: string | RegExp, ...keys: string[]): Promise<void> {
    await page.goto(server.web + path);
    await page.getByText(shows).first().waitFor();
    for (const key of keys) await page.keyboard.press(key);
  }
  const STUCK_NOW = /flows are stuck/;

  test('the stuck order, and why: three keys', async () => {
    await from('/', STUCK_NOW, '1');
    await page.getByRole('row', { name: /stuck/ }).first().waitFor();
    await page.keyboard.press('j');
    await page.keyboard.press('Enter');
    await page
      .getByText(/has not taken it|has not started/)
      .first()
      .waitFor();
  }, 60_000);

  test('all orders that are stuck for the same reason: two keys', async () => {
    await from('/', STUCK_NOW);
    await page.getByRole('link', { name: 'send shipping mail' }).first().waitFor();
    await page.keyboard.press('j');
    await page.keyboard.press('Enter');
    await expect.poll(() => page.url()).toContain('missing');
    await expect.poll(() => page.locator('.body .name a').count()).toBeGreaterThan(5);
  }, 60_000);

  test('what is slow over the last hour: four keys', async () => {
    await from('/', STUCK_NOW, 'l');
    await page
      .getByText(/^p95 is/)
      .first()
      .waitFor();
    await page.keyboard.press('r');
    await page.getByRole('button', { name: 'Last 15 minutes' }).waitFor();
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await expect.poll(() => page.url()).toContain('range=1h');
    await page
      .getByText(/^p95 is/)
      .first()
      .waitFor();
  }, 60_000);

  test('failures by kind, and how many flows each hit: one key', async () => {
    await from('/', STUCK_NOW, 'f');
    await page.getByText(/kinds? of failure/).waitFor();
    await page.getByText('CarrierBusy').first().waitFor();
  }, 60_000);

  test('who listens to OrderPlaced: two keys', async () => {
    await from('/', STUCK_NOW, 's');
    await page.getByRole('tab', { name: 'Messages' }).waitFor();
    await page.keyboard.press('2');
    await page.getByRole('row', { name: /OrderPlaced/ }).waitFor();
  }, 60_000);

  test('today against yesterday: one key', async () => {
    await from('/', STUCK_NOW, 'd');
    await page.getByRole('button', { name: 'Compare: yesterday' }).waitFor();
    await page.getByRole('button', { name: 'Time range: Today' }).waitFor();
  }, 60_000);

  test('an order by its key: slash, the key, Enter', async () => {
    await from('/', STUCK_NOW, '/');
    await page.keyboard.type(STUCK.orderId);
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: STUCK.orderId }).waitFor();
  }, 60_000);

  test('a link shows a colleague the same: tab, query, time and comparison', async () => {
    const path = '/flows?tab=variants&type=order&range=24h&compare=yesterday';
    await from(path, /usual way/);
    const other = await browser.newPage();
    await other.goto(page.url());
    await other
      .getByText(/usual way/)
      .first()
      .waitFor();
    await other.getByRole('button', { name: 'Compare: yesterday' }).waitFor();
    await other.close();
  }, 60_000);

  test('a silence from an incident: two clicks', async () => {
    await from('/incidents', /mailer/);
    await page.getByRole('link', { name: /mail/ }).first().click();
    await page.getByRole('button', { name: /^Silence/ }).click();
    await page.getByRole('menuitem').first().click();
    await page
      .getByText(/silenced/i)
      .first()
      .waitFor();
  }, 60_000);

  test('a rule from a query, with what it would have told: one click', async () => {
    await from('/flows?q=duration>1m', 'Save view');
    await page.getByRole('link', { name: 'Make a rule' }).click();
    await expect.poll(() => page.url()).toContain('/alerts/new');
    await page
      .getByText(/would have/)
      .first()
      .waitFor();
  }, 60_000);
});
