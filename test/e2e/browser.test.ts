import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { scenarioNamed } from '../scenarios/index.ts';
import { runScenario, type RunningScenario } from '../scenarios/run.ts';
import { addressesOf } from '../support/addresses.ts';
import { findBrowser, launch } from '../support/browser.ts';
import { buildDashboard } from '../support/dashboard.ts';
import { freshDirectory, startServer, type ServerProcess } from '../support/server-process.ts';

const executable = findBrowser();
if (!executable)
  process.stdout.write('\n  SKIPPED: the dashboard in a browser; no Chromium found\n\n');
const require = createRequire(import.meta.url);
const axe = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');

/** Maximum size of the first load of the overview, including response headers. */
const MAX_FIRST_LOAD_BYTES = 180_000;

describe.runIf(executable)('the dashboard', () => {
  let browser: Browser;
  let server: ServerProcess;
  let running: RunningScenario;
  const directory = freshDirectory();
  const complaints: string[] = [];

  beforeAll(async () => {
    buildDashboard();
    server = await startServer(directory.path);
    running = await runScenario(scenarioNamed('checkout-choreographed'), { otlp: server.otlp });
    browser = await launch(executable!);
    // The time limit must suffice for a build of the dashboard.
  }, 180_000);
  afterAll(async () => {
    await browser.close();
    await running.stop();
    await server.end('SIGTERM');
    directory.remove();
  });
  const open = async (path: string, theme: 'light' | 'dark'): Promise<Page> => {
    const page = await browser.newPage({
      viewport: { width: 1280, height: 800 },
      colorScheme: theme,
    });
    page.on('console', (message) => {
      if (['error', 'warning'].includes(message.type())) complaints.push(message.text());
    });
    page.on('pageerror', (error) => complaints.push(String(error)));
    await page.goto(server.web + path);
    return page;
  };
  /**
   * Returns accessibility problems found by axe. axe is evaluated as an expression, because the
   * page's content security policy forbids inserted scripts.
   */
  const violations = async (page: Page): Promise<string[]> => {
    await page.evaluate(axe);
    const found = await page.evaluate(
      'axe.run(document, { runOnly: ["wcag2a", "wcag2aa"] }).then((r) => r.violations)',
    );
    return (found as { id: string; impact: string; nodes: { html: string }[] }[])
      .filter((violation) => ['serious', 'critical'].includes(violation.impact))
      .map((violation) => `${violation.id}: ${violation.nodes[0]?.html}`);
  };

  test('an order placed while the page is open appears on it, and opens', async () => {
    const page = await open('/', 'light');
    await page.getByText('Waiting for the first flow').waitFor();
    await page.keyboard.press('g');
    await page.getByText('Waiting for the first flow').waitFor();
    await running.placeOrder({ orderId: 'seen-1', flags: ['member'] });
    await page.getByRole('link', { name: 'seen-1' }).click();
    await page
      .getByRole('button', { name: /warehouse: ship order|warehouse: .*order/ })
      .first()
      .waitFor();
    await page.keyboard.press('j');
    await expect.poll(() => page.url()).toContain('step=');
    await page.getByRole('complementary').getByText('Service').waitFor();
    expect(
      await page.getByRole('button', { name: /^(checkout|email|rewards|warehouse):/ }).count(),
    ).toBeGreaterThanOrEqual(4);
    await page.close();
  }, 60_000);

  test('a reload restores the page from its address', async () => {
    const page = await open('/flows?type=order-choreographed&range=1h', 'light');
    await page.getByRole('link', { name: 'seen-1' }).waitFor();
    // A click on any cell must act like a click on the row's link.
    await page
      .getByRole('row', { name: /seen-1/ })
      .getByRole('cell', { name: /checkout/ })
      .last()
      .click();
    await expect.poll(() => page.url()).toContain('/flow/');
    await page.goBack();
    await page.getByRole('link', { name: 'seen-1' }).waitFor();
    expect(await page.getByLabel('Flow type').inputValue()).toBe('order-choreographed');
    await page.reload();
    await page.getByRole('button', { name: 'Time range: Last hour' }).waitFor();
    await page.goto(`${server.web}/flow/seen-1?tab=spans`);
    await page.locator('summary').first().waitFor();
    expect(page.url()).not.toContain('/flow/seen-1');
    await page.close();
  }, 60_000);

  test('a first load is small on the wire', async () => {
    const context = await browser.newContext();
    const page = await context.newPage();
    const wire = await context.newCDPSession(page);
    await wire.send('Network.enable');
    let bytes = 0;
    wire.on('Network.loadingFinished', ({ encodedDataLength }) => (bytes += encodedDataLength));
    await page.goto(server.web);
    await page.getByText('Nothing is stuck.').waitFor();
    await page.waitForLoadState('networkidle');
    expect(bytes).toBeGreaterThan(50_000);
    expect(bytes).toBeLessThan(MAX_FIRST_LOAD_BYTES);
    // The precompressed files of the build must contain the same script as the uncompressed one.
    const script = await page.locator('script[src]').first().getAttribute('src');
    const form = async (encoding: string): Promise<[string | null, string]> => {
      const answer = await fetch(server.web + script, { headers: { 'accept-encoding': encoding } });
      return [answer.headers.get('content-encoding'), await answer.text()];
    };
    const [, plain] = await form('identity');
    expect(await form('gzip')).toEqual(['gzip', plain]);
    expect(await form('gzip, br')).toEqual(['br', plain]);
    await context.close();
  }, 60_000);

  test('filters are steps of the history, a written query is one, and what there is not is said', async () => {
    const page = await open('/flows', 'light');
    await page.getByLabel('Status', { exact: true }).selectOption('completed');
    await page.getByRole('link', { name: 'seen-1' }).waitFor();
    await page.getByLabel('Search flows').pressSequentially('nothing like it', { delay: 20 });
    await page.getByText('No flow matches').waitFor();
    await page.goBack();
    await page.getByRole('link', { name: 'seen-1' }).waitFor();
    expect(await page.getByLabel('Search flows').inputValue()).toBe('');
    await page.goBack();
    await expect.poll(() => page.getByLabel('Status', { exact: true }).inputValue()).toBe('');
    for (const [query, says] of [
      ['type=oder', 'There is no flow type “oder”'],
      ['range=soon', 'range: "soon" is no time'],
    ] as const) {
      await page.goto(`${server.web}/flows?${query}`);
      await page.getByText(says).waitFor();
      expect(await violations(page)).toEqual([]);
    }
    await page.close();
  }, 60_000);

  test('the search line completes words by keyboard', async () => {
    const page = await open('/flows', 'light');
    const line = page.getByRole('combobox', { name: 'Search flows' });
    await line.pressSequentially('stat');
    await page.getByRole('option', { name: 'status:' }).waitFor();
    await page.keyboard.press('ArrowDown');
    await page.getByRole('option', { name: 'status:', selected: true }).waitFor();
    await page.keyboard.press('Enter');
    await page.keyboard.type('comple');
    await page.getByRole('option', { name: 'status:completed' }).waitFor();
    expect(await violations(page)).toEqual([]);
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Enter');
    expect(await line.inputValue()).toBe('status:completed ');
    await page.getByRole('link', { name: 'seen-1' }).waitFor();
    await page.keyboard.press('ArrowDown');
    await page.getByRole('listbox').waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('listbox').waitFor({ state: 'hidden' });
    await page.close();
  }, 60_000);

  test('figures that change in their place have one width, also after the build', async () => {
    const page = await open('/', 'light');
    const widths = await page.evaluate<number[]>(`['1111', '0000', '8888'].map((text) => {
      const time = document.createElement('time');
      time.textContent = text;
      document.body.append(time);
      const { width } = time.getBoundingClientRect();
      time.remove();
      return width;
    })`);
    expect(new Set(widths).size).toBe(1);
    expect(widths[0]).toBeGreaterThan(0);
    await page.close();
  }, 60_000);

  test('a pause in typing opens the results, and the next letters still belong to the query', async () => {
    const page = await open('/', 'light');
    const line = page.getByRole('combobox', { name: 'Search flows' });
    await line.pressSequentially('se');
    await expect.poll(() => page.url()).toContain('/flows?q=se');
    await page.getByRole('link', { name: 'seen-1' }).waitFor();
    await page.keyboard.type('en-1');
    expect(await line.inputValue()).toBe('seen-1');
    await expect.poll(() => page.url()).toContain('q=seen-1');
    // The page of the flow gets the focus, so that its keys work.
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'seen-1' }).waitFor();
    await page.keyboard.press('2');
    await expect.poll(() => page.url()).toContain('tab=sequence');
    await page.close();
  }, 60_000);

  test('what is typed without a pause stays, and the address has it: no older query comes back', async () => {
    const page = await open('/flows', 'light');
    // The test controls the page's clock, because on a busy machine simulated typing would have
    // pauses.
    await page.clock.install();
    await page.clock.pauseAt(Date.now() + 10_000);
    const line = page.getByRole('combobox', { name: 'Search flows' });
    const query = (): string | null => new URL(page.url()).searchParams.get('q');
    const settle = (): Promise<void> => page.clock.runFor(1000);
    await line.pressSequentially('stat');
    await page.clock.runFor(150);
    await page.getByRole('option', { name: 'status:' }).waitFor();
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Enter');
    await page.keyboard.type('comple');
    await settle();
    expect([await line.inputValue(), query()]).toEqual(['status:comple', null]);
    await page.getByRole('option', { name: 'status:completed' }).waitFor();
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Enter');
    await settle();
    expect([await line.inputValue(), query()]).toEqual(['status:completed ', 'status:completed ']);

    // Changing another filter must keep the text that was typed just before.
    await line.pressSequentially('seen-1');
    await page.getByLabel('Flow type').selectOption('order-choreographed');
    await settle();
    expect([await line.inputValue(), query()]).toEqual(Array(2).fill('status:completed seen-1'));

    // After going back, the text that was typed before must not start a new navigation.
    await line.pressSequentially(' or nothing');
    await page.goBack();
    await settle();
    expect([await line.inputValue(), query()]).toEqual(Array(2).fill('status:completed seen-1'));
    expect(await page.getByLabel('Flow type').inputValue()).toBe('');
    await line.pressSequentially(' or nothing');
    await page.getByRole('button', { name: 'Clear' }).click();
    await settle();
    expect([await line.inputValue(), new URL(page.url()).search]).toEqual(['', '']);
    await page.close();
  }, 60_000);

  test('from flow to flow, in the order of the list that one came from', async () => {
    await running.placeOrder({ orderId: 'seen-2', flags: ['member'] });
    await running.placeOrder({ orderId: 'seen-3', flags: [] });
    const page = await open('/flows?type=order-choreographed', 'light');
    await page.getByRole('link', { name: 'seen-3' }).waitFor();
    const keys = await page.locator('.body .name a').allTextContents();
    await page.getByRole('link', { name: keys[1]! }).click();
    await page.getByRole('heading', { name: keys[1]! }).waitFor();
    await page.reload();
    await page.getByRole('link', { name: 'Next ›' }).waitFor();
    await page.keyboard.press(']');
    await page.getByRole('heading', { name: keys[2]! }).waitFor();
    for (const key of [keys[1]!, keys[0]!]) {
      await page.getByRole('link', { name: '‹ Previous' }).click();
      await page.getByRole('heading', { name: key }).waitFor();
    }
    await page.getByRole('link', { name: '← Flows' }).click();
    await expect.poll(() => new URL(page.url()).search).toBe('?type=order-choreographed');
    await page.close();
  }, 60_000);

  test('a list is sorted and has the columns that one chose, by keyboard, and a view keeps both', async () => {
    const page = await open('/flows', 'light');
    const heads = (): Promise<string[]> => page.getByRole('columnheader').allTextContents();
    await page.getByRole('link', { name: 'seen-1' }).waitFor();
    await page.getByRole('button', { name: 'Columns, by started' }).press('Enter');
    await page.getByRole('menuitemradio', { name: 'Duration' }).press('Enter');
    await page.getByRole('menuitemcheckbox', { name: 'Reverse order' }).press('Enter');
    await page.getByRole('menuitemcheckbox', { name: 'Services' }).press('Enter');
    await page.getByRole('menuitemcheckbox', { name: 'Retries' }).press('Enter');
    expect(await violations(page)).toEqual([]);
    await page.keyboard.press('Escape');
    const asked =
      'sort=duration&order=asc&columns=status,type,steps,failed,retries,duration,started';
    const address = (): string => decodeURIComponent(new URL(page.url()).search.slice(1));
    await expect.poll(address).toBe(asked);
    expect(await heads()).toEqual([
      ...['Status', 'Flow', 'Type', 'Steps', 'Failed', 'Retries', 'Duration ↑', 'Started'],
    ]);
    // The list on the screen must be in the order that the API returns.
    const answer = await fetch(`${server.web}/api/v1/flows?sort=duration&order=asc`);
    const { items } = (await answer.json()) as { items: { key: string }[] };
    const keys = (): Promise<string[]> => page.locator('.body .name a').allTextContents();
    await expect.poll(keys).toEqual(items.map(({ key }) => key));
    await page.getByRole('link', { name: items[1]!.key }).click();
    await page.getByRole('link', { name: '‹ Previous' }).click();
    await page.getByRole('heading', { name: items[0]!.key }).waitFor();
    await page.goBack();
    await page.goBack();
    await page.getByRole('button', { name: 'Save view' }).click();
    await page.getByLabel('Name').fill('Quick ones');
    await page.getByRole('button', { name: 'Save', exact: true }).click();
    // A page that is opened before the view is saved would not have it.
    await page.getByRole('link', { name: 'Quick ones' }).waitFor();
    await page.goto(`${server.web}/`);
    await page.getByRole('link', { name: 'Quick ones' }).click();
    await expect.poll(address).toBe(asked);
    await page.getByRole('button', { name: 'Duration', exact: true }).click();
    await expect.poll(keys).toEqual(items.map(({ key }) => key).reverse());
    await page.goBack();
    await page.getByRole('button', { name: 'Delete view' }).click();
    await page.close();
  }, 60_000);

  test('the keyboard alone: the focus is where one is, and what is chosen can be seen', async () => {
    const page = await open('/flows', 'light');
    const focused = (): Promise<string> =>
      page.evaluate(
        '[document.activeElement.tagName, document.activeElement.id, document.activeElement.textContent].join(" ").trim()',
      );
    await page.getByRole('link', { name: 'seen-1' }).press('Enter');
    await expect.poll(focused).toBe('H1  seen-1');
    expect(await page.title()).toBe('seen-1 · Fermata');

    await page.getByRole('tab', { name: 'Timeline' }).press('ArrowRight');
    expect(await focused()).toBe('BUTTON tab-sequence Sequence');
    await page.keyboard.press('End');
    await page.getByRole('tab', { name: 'Evidence', selected: true }).waitFor();
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('3');

    const names = await page.locator('#view tbody button').allTextContents();
    await page.locator('#view tbody button').first().focus();
    await page.keyboard.press('ArrowDown');
    await expect.poll(focused).toContain(names[1]);
    await page.locator('#step-name').getByText(names[1]!).waitFor();
    await page.getByRole('button', { name: 'Close step' }).press('Enter');
    await expect.poll(focused).toContain(names[1]);

    await page.setViewportSize({ width: 900, height: 320 });
    await page.keyboard.press('1');
    for (const _ of names) await page.keyboard.press('ArrowDown');
    const chosen = page.locator('#view [aria-expanded=true]');
    await expect.poll(focused).toContain('BUTTON');
    const { y, height } = (await chosen.boundingBox())!;
    expect(y).toBeGreaterThan(52);
    expect(y + height).toBeLessThan(320);

    await page.goto(`${page.url().split('?')[0]}?window=0-0.5`);
    const bars = page.locator('#view [data-step]');
    await bars.first().waitFor();
    expect(await bars.count()).toBeLessThan(names.length);
    await page.keyboard.press('-');
    await expect.poll(() => page.url()).not.toContain('window=0-0.5');
    await page.keyboard.press('0');
    await expect.poll(() => bars.count()).toBe(names.length);
    expect(page.url()).not.toContain('window');

    await page.keyboard.press('g');
    await expect.poll(focused).toBe('H1  Explore');
    expect(await page.title()).toBe('Explore · Fermata');
    await page.close();
  }, 60_000);

  test('a page outlives an orderly restart of its server, and says meanwhile of when it tells', async () => {
    const other = freshDirectory();
    let restarted = await startServer(other.path);
    const page = await browser.newPage();
    await page.goto(restarted.web);
    await page.getByText('Live', { exact: true }).waitFor();
    await restarted.end('SIGTERM');
    await page.getByText(/as of \d\d:\d\d:\d\d/).waitFor();
    restarted = await startServer(other.path, { FERMATA_PORT: new URL(restarted.web).port });
    await page.getByText('Live', { exact: true }).waitFor();
    expect(await page.getByText('as of').count()).toBe(0);
    await page.close();
    await restarted.end('SIGTERM');
    other.remove();
  }, 60_000);

  test('what is wrong with Fermata itself stands on every page, and says what to do about it', async () => {
    const other = freshDirectory();
    const full = await startServer(other.path, { FERMATA_MIN_FREE: '1000000GiB' });
    for (const [path, colorScheme] of [
      ['/', 'light'],
      ['/flows', 'dark'],
      ['/incidents', 'light'],
      ['/alerts', 'dark'],
    ] as const) {
      const page = await browser.newPage({ colorScheme });
      await page.goto(full.web + path);
      await page.getByRole('button', { name: /No data is accepted.* free on the disk/ }).click();
      const hint = page.getByText('FERMATA_MIN_FREE is the mark');
      await hint.waitFor();
      expect(await violations(page), path).toEqual([]);
      await page.keyboard.press('Escape');
      await hint.waitFor({ state: 'detached' });
      await page.close();
    }
    await full.end('SIGTERM');
    other.remove();
  }, 60_000);

  test('at 200 %, and on a narrow page: no page scrolls to the side, and the rail is reached', async () => {
    for (const viewport of [
      { width: 640, height: 400 },
      { width: 320, height: 640 },
    ]) {
      const context = await browser.newContext({
        ...{ viewport, deviceScaleFactor: 2, reducedMotion: 'reduce' },
      });
      const page = await context.newPage();
      for (const { path, shows } of addressesOf('order-choreographed', 'seen-1')) {
        await page.goto(server.web + path);
        await page.getByText(shows).first().waitFor({ state: 'attached' });
        const place = `${path}, ${viewport.width} px`;
        const wide = '[document.scrollingElement, document.querySelector("main")]';
        expect(
          await page.evaluate(`${wide}.filter((one) => one.scrollWidth > one.clientWidth).length`),
          place,
        ).toBe(0);
        // The header and the navigation must leave at least half of the height for the content.
        const main = (await page.locator('main').boundingBox())!;
        expect(main.height, place).toBeGreaterThan(viewport.height / 2);
        const alerts = page.getByRole('navigation', { name: 'Pages' }).getByTitle('Alerts');
        await alerts.scrollIntoViewIfNeeded();
        expect(await alerts.isVisible(), place).toBe(true);
      }
      // With `prefers-reduced-motion`, no animation may be running.
      const moving = 'document.getAnimations().filter((one) => one.playState === "running").length';
      expect(await page.evaluate(moving)).toBe(0);
      await page.getByRole('navigation', { name: 'Pages' }).getByTitle('Connect a service').click();
      await expect.poll(() => page.url()).toContain('/connect');
      await context.close();
    }
  }, 180_000);

  test('on paper there is what a page says, whole and dark on white, and nothing to operate it', async () => {
    const page = await open('/flow/seen-1', 'dark');
    for (const [path, shows] of [
      ['/flow/seen-1', /warehouse/],
      ['/', 'Flow types'],
    ] as const) {
      await page.goto(server.web + path);
      await page.getByText(shows).first().waitFor();
      await page.emulateMedia({ media: 'print' });
      expect(await page.getByRole('navigation', { name: 'Pages' }).isVisible()).toBe(false);
      expect(await page.getByLabel('Search flows').isVisible()).toBe(false);
      // Controls must not be printed. Bars of a timeline and facts are buttons too, but they show
      // content and are not matched here.
      const tools = page.locator('.control, [role=tab], .actions').filter({ visible: true });
      expect(await tools.allTextContents()).toEqual([]);
      const said = page.locator('main').getByText(shows).filter({ visible: true });
      expect(await said.count()).toBeGreaterThan(0);
      const main = '(getComputedStyle(document.querySelector("main")))';
      expect(await page.evaluate(`[${main}.overflowY, ${main}.color]`)).toEqual([
        ...['visible', 'rgb(23, 23, 28)'],
      ]);
      await page.emulateMedia({ media: 'screen' });
      expect(await page.getByLabel('Search flows').isVisible()).toBe(true);
    }
    await page.close();
  }, 60_000);

  test('the theme follows the system while the page is open, until another one is chosen', async () => {
    const page = await open('/settings?tab=appearance', 'light');
    const shown = (): Promise<string | null> => page.locator('html').getAttribute('data-theme');
    await page.getByRole('radio', { name: 'as the system', checked: true }).waitFor();
    expect(await shown()).toBe('light');
    await page.emulateMedia({ colorScheme: 'dark' });
    await expect.poll(shown).toBe('dark');
    await page.emulateMedia({ colorScheme: 'light' });
    await expect.poll(shown).toBe('light');

    await page.keyboard.press('t');
    await page.getByRole('radio', { name: 'dark', checked: true }).waitFor();
    await page.reload();
    await page.getByRole('radio', { name: 'dark', checked: true }).waitFor();
    expect(await shown()).toBe('dark');
    await page.getByRole('radio', { name: 'light' }).check();
    await page.emulateMedia({ colorScheme: 'dark' });
    await page.reload();
    await page.getByRole('radio', { name: 'light', checked: true }).waitFor();
    expect(await shown()).toBe('light');

    // The other theme is the system's, so the page follows the system again.
    await page.keyboard.press('t');
    await page.getByRole('radio', { name: 'as the system', checked: true }).waitFor();
    expect(await shown()).toBe('dark');
    await page.emulateMedia({ colorScheme: 'light' });
    await expect.poll(shown).toBe('light');
    await page.close();
  }, 60_000);

  test('in both themes: nothing serious for axe, nothing on the console', async () => {
    const page = await open('/', 'light');
    for (const { path, shows } of addressesOf('order-choreographed', 'seen-1')) {
      await page.goto(server.web + path);
      await page.getByText(shows).first().waitFor();
      await page.getByText('spans/s').waitFor();
      for (const theme of ['one theme', 'the other']) {
        expect(await violations(page), `${path}, ${theme}`).toEqual([]);
        await page.keyboard.press('t');
      }
    }
    expect(complaints).toEqual([]);
    await page.close();
  }, 180_000);
});
