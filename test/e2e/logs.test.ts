import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Browser, Page } from 'playwright-core';
import type { FlowLogs } from '@fermata/server/contract';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { findBrowser, launch } from '../support/browser.ts';
import { buildDashboard } from '../support/dashboard.ts';
import { freshDirectory, startServer, type ServerProcess } from '../support/server-process.ts';

/**
 * These tests check that log records of services survive a kill and are shown on the page of their
 * flow.
 */
const executable = findBrowser();
if (!executable) process.stdout.write('\n  SKIPPED: logs in a browser; no Chromium found\n\n');
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const TRACE = 'ab'.repeat(16);
const HOSTILE = '<img src=x onerror="document.title=\'owned\'"> \u202e\u0000 "quoted"';
const START_MS = Date.now() - 120_000;
const nanos = (afterMs: number): string => `${START_MS + afterMs}000000`;
const text = (key: string, value: string): object => ({ key, value: { stringValue: value } });
const spanId = (n: number): string => String(n).repeat(16);

const span = (n: number, name: string, afterMs: number, more: object = {}): object => ({
  ...{ traceId: TRACE, spanId: spanId(n), name, kind: 1, startTimeUnixNano: nanos(afterMs) },
  endTimeUnixNano: nanos(afterMs + 50),
  attributes: [
    text('fermata.flow.id', 'logged-1'),
    text('fermata.flow.type', 'logged'),
    text('fermata.step.name', name),
  ],
  ...more,
});
const record = (n: number, severityNumber: number, body: string, afterMs: number): object => ({
  ...{ traceId: TRACE, spanId: spanId(n), severityNumber, timeUnixNano: nanos(afterMs) },
  body: { stringValue: body },
  attributes: [
    text('api_key', 'k-123'),
    ...(severityNumber >= 17 ? [text('exception.stacktrace', 'Refused: no\n    at charge')] : []),
  ],
});
const of = (service: string): object => ({ attributes: [text('service.name', service)] });

describe('log records of a flow', () => {
  let server: ServerProcess;
  const directory = freshDirectory();
  const post = async (path: string, body: object): Promise<unknown> => {
    const answer = await fetch(`${server.otlp}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    expect(answer.status).toBe(200);
    return answer.json();
  };
  const sendLogs = (service: string, ...logRecords: object[]): Promise<unknown> =>
    post('/v1/logs', { resourceLogs: [{ resource: of(service), scopeLogs: [{ logRecords }] }] });
  const sendSpans = (service: string, ...spans: object[]): Promise<unknown> =>
    post('/v1/traces', { resourceSpans: [{ resource: of(service), scopeSpans: [{ spans }] }] });
  const logs = async (query = ''): Promise<FlowLogs> => {
    const answer = await fetch(`${server.web}/api/v1/flows/logged-1/logs${query}`);
    expect(answer.status).toBe(200);
    return (await answer.json()) as FlowLogs;
  };

  beforeAll(async () => {
    if (executable) buildDashboard();
    server = await startServer(directory.path, { FERMATA_LOGS: 'all' });
    // The log records are sent before the spans, from which the server learns the flow.
    await sendLogs('shop', record(1, 9, 'order taken', 10), record(1, 5, 'cart read', 5));
    await sendLogs('bank', record(2, 17, HOSTILE, 90_000));
    await sendSpans('shop', span(1, 'take order', 0));
    await sendSpans('bank', span(2, 'charge', 89_990, { parentSpanId: spanId(1) }));
  }, 180_000);
  afterAll(async () => {
    await server.end('SIGTERM');
    directory.remove();
  });

  test('all services are in one stream; secrets are not in it', async () => {
    const { items, dropped, kept } = await eventually(logs);
    expect(items.map(({ service, severity, body }) => [service, severity, body])).toEqual([
      ['shop', 'debug', 'cart read'],
      ['shop', 'info', 'order taken'],
      ['bank', 'error', HOSTILE],
    ]);
    expect(items.map(({ attributes }) => attributes['api_key'])).toEqual(
      items.map(() => '[redacted]'),
    );
    expect([dropped, kept]).toEqual([{ records: 0, errors: 0 }, 'all']);
  });

  test('what was acknowledged is there after a kill', async () => {
    await sendLogs('bank', record(2, 13, 'said just before the kill', 90_001));
    await server.end('SIGKILL');
    server = await startServer(directory.path, { FERMATA_LOGS: 'all' });
    const { items } = await logs('?severity=warn');
    expect(items.map(({ body }) => body)).toEqual([HOSTILE, 'said just before the kill']);
  }, 60_000);

  test('of a trace that logs without end, a bounded number is kept, and it is said', async () => {
    const traceId = 'cd'.repeat(16);
    const many = Array.from({ length: 2100 }, (_, i) => ({
      ...record(3, i < 2050 ? 9 : 17, `line ${i}`, i),
      traceId,
    }));
    const answer = await sendLogs('loop', ...many);
    expect(answer).toMatchObject({
      partialSuccess: { errorMessage: expect.stringContaining('550 log records') as string },
    });
    await sendSpans('loop', span(3, 'turn', 0, { traceId, kind: 2, attributes: [] }));
    const read = async (): Promise<FlowLogs> => {
      const found = await fetch(`${server.web}/api/v1/flows/${traceId}/logs?severity=error`);
      expect(found.status).toBe(200);
      return (await found.json()) as FlowLogs;
    };
    expect(await eventually(read)).toMatchObject({
      ...{ total: 50, dropped: { records: 550, errors: 0 } },
    });
    expect(await (await fetch(`${server.web}/metrics`)).text()).toContain(
      'fermata_dropped_log_records_total{severity="below-error"} 550',
    );
  });

  describe.runIf(executable)('on the page', () => {
    let browser: Browser;
    let page: Page;
    const complaints: string[] = [];
    beforeAll(async () => {
      browser = await launch(executable!);
      page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
      page.on('console', (message) => {
        if (['error', 'warning'].includes(message.type())) complaints.push(message.text());
      });
      page.on('pageerror', (error) => complaints.push(String(error)));
      await page.goto(`${server.web}/flow/logged-1?tab=logs`);
    });
    afterAll(() => browser.close());
    const poll = <T>(read: () => Promise<T>) => expect.poll(read, { timeout: 15_000 });
    const lines = (): Promise<string[]> => page.locator('.record .text').allTextContents();

    test('a record names its step, which a click selects, and opens to all that it says', async () => {
      await page.getByRole('tab', { name: /^Logs/ }).waitFor();
      await page.getByText('cart read').waitFor();
      expect((await lines()).map((line) => line.slice(0, 9))).toEqual([
        ...['cart read', 'order tak', '<img src=', 'said just'],
      ]);
      await page.getByText('1 min 30 s later').waitFor();
      await page.getByRole('button', { name: /onerror/ }).click();
      await page.getByText('Refused: no').waitFor();
      await page.getByRole('button', { name: 'charge', exact: true }).first().click();
      const panel = page.getByRole('complementary');
      await panel.getByRole('heading', { name: 'charge' }).waitFor();
      await panel.getByRole('button', { name: '2 records' }).waitFor();
      expect(await page.title()).not.toContain('owned');
    }, 60_000);

    test('it is narrowed by level, service and text; the address has it', async () => {
      await page.getByRole('button', { name: 'Errors 1' }).click();
      await poll(async () => (await lines()).length).toBe(1);
      await page.getByRole('button', { name: /^All/ }).click();
      await page.getByLabel('Service', { exact: true }).selectOption('shop');
      await poll(async () => (await lines()).length).toBe(2);
      await page.getByLabel('Text', { exact: true }).fill('TAKEN');
      await poll(lines).toEqual(['order taken']);
      await page.reload();
      await poll(lines).toEqual(['order taken']);
      await page.getByRole('button', { name: 'Show all' }).click();
      await poll(async () => (await lines()).length).toBe(4);
    }, 60_000);

    test('Ctrl+F finds the step by what was logged in it', async () => {
      await page.keyboard.press('Control+f');
      await page.keyboard.type('cart read');
      await page.getByText('– of 1').or(page.getByText('1 of 1')).waitFor();
      await page.keyboard.press('Enter');
      await page.getByRole('complementary').getByRole('heading', { name: 'take order' }).waitFor();
      await page.keyboard.press('Escape');
    }, 60_000);

    test('in both themes: nothing serious for axe, nothing on the console', async () => {
      for (const theme of ['one theme', 'the other']) {
        await page.evaluate(axe);
        const found = await page.evaluate<
          { id: string; impact: string; nodes: { html: string }[] }[]
        >('axe.run(document, { runOnly: ["wcag2a", "wcag2aa"] }).then((r) => r.violations)');
        const serious = found.filter(({ impact }) => ['serious', 'critical'].includes(impact));
        expect(serious.map(({ id, nodes }) => `${theme}: ${id} ${nodes[0]?.html}`)).toEqual([]);
        await page.keyboard.press('t');
      }
      expect(complaints).toEqual([]);
    }, 60_000);
  });
});
