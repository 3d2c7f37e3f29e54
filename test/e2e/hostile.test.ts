import type { Flow, FlowList, IncidentList } from '@fermata/server/contract';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { addressesOf } from '../support/addresses.ts';
import { findBrowser, launch } from '../support/browser.ts';
import { buildDashboard } from '../support/dashboard.ts';
import { eventually } from '../support/eventually.ts';
import { HOSTILE, hostileFlow, traceOf } from '../support/hostile.ts';
import { freshDirectory, startServer, type ServerProcess } from '../support/server-process.ts';

const executable = findBrowser();

/**
 * These tests send flows with malicious names. No name may be interpreted as markup, and none may
 * break the layout of a page.
 */
describe.runIf(executable)('hostile names', () => {
  let browser: Browser;
  let server: ServerProcess;
  let page: Page;
  const directory = freshDirectory();
  const complaints: string[] = [];

  beforeAll(async () => {
    buildDashboard();
    server = await startServer(directory.path, { FERMATA_STUCK_FLOOR: '1s' });
    for (const [nth, name] of HOSTILE.entries()) {
      const response = await fetch(`${server.otlp}/v1/traces`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(hostileFlow(name, nth, Date.now())),
      });
      expect(response.status, await response.text()).toBe(200);
    }
    await eventually(async () => expect((await flows()).length).toBe(HOSTILE.length));
    browser = await launch(executable!);
    page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
    page.on('dialog', (dialog) => {
      complaints.push(`a dialog: ${dialog.message()}`);
      void dialog.dismiss();
    });
    page.on('console', (message) => {
      if (['error', 'warning'].includes(message.type()))
        complaints.push(`${message.text()} ${message.location().url}`);
    });
    page.on('pageerror', (error) => complaints.push(String(error)));
    await page.addInitScript(
      `addEventListener('securitypolicyviolation', (one) => console.error(one.violatedDirective))`,
    );
  }, 180_000);
  afterAll(async () => {
    await browser.close();
    await server.end('SIGTERM');
    directory.remove();
  });
  const get = async <T>(path: string): Promise<T> =>
    (await (await fetch(`${server.web}/api/v1${path}`)).json()) as T;
  const flows = async (): Promise<FlowList['items']> => (await get<FlowList>('/flows')).items;

  /**
   * Expression that returns problems of a page as texts. It is evaluated as an expression, because
   * the page's content security policy forbids inserted scripts.
   */
  const FOUND = `[
    ...[...document.querySelectorAll('x-hostile, img, iframe, script:not([src]), [onerror]')]
      .map((one) => 'an element: ' + one.outerHTML.slice(0, 200)),
    ...[...document.querySelectorAll('[href], [src], [action]')]
      .filter((one) => /^\\s*javascript:/i.test(
        one.getAttribute('href') ?? one.getAttribute('src') ?? one.getAttribute('action')))
      .map((one) => 'an address: ' + one.outerHTML.slice(0, 200)),
    ...(document.scrollingElement.scrollWidth > innerWidth
      ? ['the page is ' + document.scrollingElement.scrollWidth + ' wide, not ' + innerWidth] : []),
    ...(document.querySelector('main').scrollWidth > document.querySelector('main').clientWidth
      ? ['main is ' + document.querySelector('main').scrollWidth + ' wide'] : []),
  ]`;
  /** Opens a page in a wide and a narrow window, and returns the problems found in both. */
  async function lookAt(path: string): Promise<string[]> {
    await page.setViewportSize({ width: 1280, height: 800 });
    await page.goto(server.web + path);
    await page.getByText('spans/s').waitFor();
    await page.waitForLoadState('networkidle');
    const wrong = await page.evaluate<string[]>(FOUND);
    await page.setViewportSize({ width: 390, height: 800 });
    // The check is repeated, because charts resize a moment after the page.
    await eventually(async () => expect(await page.evaluate(FOUND)).toEqual([])).catch(() => 0);
    return [...wrong, ...(await page.evaluate<string[]>(FOUND)), ...complaints.splice(0)].map(
      (text) => `${path.slice(0, 60)}: ${text}`,
    );
  }

  test('on every page and tab, names are text', async () => {
    const [first] = await flows();
    const wrong: string[] = [];
    for (const { path } of addressesOf(first!.type, first!.id)) wrong.push(...(await lookAt(path)));
    expect(wrong).toEqual([]);
  }, 180_000);

  test.each(HOSTILE.map((name, nth) => [name.slice(0, 30), nth] as const))(
    'a flow of %s, its steps, lenses and incidents',
    async (_name, nth) => {
      const mine = await get<Flow>(`/flows/${traceOf(nth)}`);
      const typed = `type=${encodeURIComponent(mine.type)}`;
      const incident = await eventually(async () => {
        const { items } = await get<IncidentList>('/incidents');
        const found = items.find((one) => one.flowType === mine.type);
        expect(found).toBeDefined();
        return found!;
      });
      const wrong: string[] = [];
      for (const path of [
        `/flow/${mine.id}`,
        `/flow/${mine.id}?tab=sequence`,
        `/flow/${mine.id}?tab=steps`,
        `/flow/${mine.id}?tab=spans`,
        `/flow/${mine.id}?tab=evidence`,
        `/flows?tab=map&${typed}`,
        `/flows?tab=latency&${typed}`,
        `/flows?tab=variants&${typed}`,
        `/flows?columns=id,keys,environment,services,step&${typed}`,
        `/incidents/${incident.id}`,
      ])
        wrong.push(...(await lookAt(path)));
      expect(wrong).toEqual([]);
    },
    180_000,
  );
});
