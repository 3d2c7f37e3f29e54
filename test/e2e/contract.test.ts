import { spawn, spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type {
  FlowList,
  FormatInfo,
  IncidentList,
  Problem,
  Silence,
} from '@fermata/server/contract';
import { answerSchemas, type AnswerSchemas } from '@fermata/server/lab';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { startFilledServer, type FilledServer } from '../support/filled-server.ts';

/**
 * These tests check real responses of the API against the OpenAPI description that the server
 * itself publishes: each response must have exactly the described fields. The tool Schemathesis
 * then searches for further contradictions.
 */
const root = fileURLToPath(new URL('../..', import.meta.url));
const isRequired = process.env['FERMATA_REQUIRE_SCHEMATHESIS'] === '1';
const installed = spawnSync(
  `${root}scripts/schemathesis`,
  isRequired ? ['--require'] : ['--installed'],
  { encoding: 'utf8' },
);
const schemathesis = installed.stdout.trim();
if (schemathesis === '')
  process.stdout.write('\n  SKIPPED: Schemathesis; npm run schemathesis installs it\n\n');

describe('the API and its description', () => {
  let filled: FilledServer;
  let schemas: AnswerSchemas;
  beforeAll(async () => {
    filled = await startFilledServer();
    schemas = answerSchemas(await (await fetch(`${filled.server.web}/api/openapi.json`)).json());
  }, 120_000);
  afterAll(() => filled.stop());

  const ask = (path: string, body?: object | string, init: RequestInit = {}): Promise<Response> =>
    fetch(`${filled.server.web}${path}`, {
      redirect: 'manual',
      ...(body && {
        method: 'POST',
        ...(typeof body === 'string'
          ? { headers: { 'content-type': 'application/octet-stream' }, body }
          : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
      }),
      ...init,
    });

  test('every operation answers what it describes, and no field more', async () => {
    const problems: string[] = [];
    const answered = new Set<string>();
    const check = async <T>(
      operation: string,
      path: string,
      body?: object | string,
    ): Promise<T> => {
      const answer = await ask(path, body);
      const isJson = /^application\/(problem\+)?json/.test(
        answer.headers.get('content-type') ?? '',
      );
      const content: unknown = isJson ? await answer.json() : await answer.text();
      if (answer.status < 300) answered.add(operation);
      problems.push(...schemas.problemsOf(operation, answer.status, content));
      return content as T;
    };
    await askAll(check);
    expect([...new Set(problems)]).toEqual([]);
    expect([...answered].sort()).toEqual([...schemas.operations].sort());
  }, 60_000);

  test.each([
    ['/api/v1/services?foo=1', undefined, 400],
    ['/api/v1/flow-types?foo=1', undefined, 400],
    ['/api/v1/flows/any?foo=1', undefined, 400],
    ['/api/v1/incidents/any?foo=1', undefined, 400],
    ['/api/v1/about?foo=1', undefined, 400],
    ['/api/v1/flows?limit=0x10', undefined, 400],
    ['/api/v1/flows?limit=1e2', undefined, 400],
    ['/api/v1/flows?limit=%2010', undefined, 400],
    ['/api/v1/flows?from=2026-02-30T00:00:00Z', undefined, 400],
    ['/api/v1/incidents/any/ack?foo=1', {}, 400],
    ['/api/v1/alerts/channels/takes/test', { unknown: 1 }, 400],
    ['/api/v1/alerts/channels/refuses/test', {}, 502],
    ['/api/v1/alerts/channels/never-was/test', {}, 404],
    ['/api/v1/alerts/silences/never-was/end', {}, 404],
    ['/api/v1/alerts/rules/of-the-file/delete', {}, 400],
    ['/api/v1/views/never-was/delete', {}, 404],
    ['/api/v1/views', { name: 'x'.repeat(70_000) }, 413],
  ])('%s with %o is %d', async (path, body, status) => {
    const answer = await ask(path, body);
    expect([answer.status, await answer.text()]).toEqual([status, expect.any(String)]);
  });

  test('another method is 405 and says which ones there are; another type is 415', async () => {
    for (const [path, method, allow] of [
      ['/api/v1/flows', 'DELETE', 'GET, HEAD'],
      ['/api/v1/flows', 'OPTIONS', 'GET, HEAD'],
      ['/api/v1/views', 'PUT', 'GET, HEAD, POST'],
      ['/api/v1/incidents/any/ack', 'GET', 'POST'],
      ['/api/openapi.json', 'POST', 'GET, HEAD'],
      ['/metrics', 'POST', 'GET, HEAD'],
    ] as const) {
      const answer = await ask(path, undefined, { method });
      expect([answer.status, answer.headers.get('allow')], path).toEqual([405, allow]);
      expect(((await answer.json()) as Problem).code).toBe('request.wrong-method');
    }
    const typed = await ask('/api/v1/views', undefined, { method: 'POST', body: 'name=x' });
    expect([typed.status, ((await typed.json()) as Problem).code]).toEqual([
      ...[415, 'request.unsupported-type'],
    ]);
  });

  test('flow types and services come in parts, each once', async () => {
    for (const list of ['flow-types', 'services']) {
      // Flows of the tests before may still be written between two of the answers.
      await eventually(async () => {
        const all = (await (await ask(`/api/v1/${list}`)).json()) as Part;
        const found: unknown[] = [];
        for (let cursor: string | null = ''; cursor !== null;) {
          const part: Part = (await (
            await ask(`/api/v1/${list}?limit=2${cursor && `&cursor=${cursor}`}`)
          ).json()) as Part;
          expect(part.items.length).toBeLessThanOrEqual(2);
          found.push(...part.items);
          cursor = part.nextCursor;
        }
        expect(all.nextCursor).toBeNull();
        expect(found).toEqual(all.items);
      });
      expect((await ask(`/api/v1/${list}?cursor=nonsense`)).status).toBe(400);
    }
  });

  test.skipIf(schemathesis === '')(
    'Schemathesis finds nothing',
    async () => {
      const { web } = filled.server;
      const config = `${root}test/schemathesis/schemathesis.toml`;
      const { status, output } = await run(schemathesis, [
        ...['--config-file', config, 'run', `${web}/api/openapi.json`, '--url', web],
        ...['--phases', 'examples,coverage,fuzzing,stateful'],
        ...['--seed', process.env['SEED'] ?? '1', '--no-color'],
      ]);
      if (status !== 0) process.stdout.write(`${output}\n`);
      expect(status).toBe(0);
      expect(output).toContain('Stateful');
    },
    900_000,
  );
});

/** Runs a command asynchronously, because this process must answer webhooks meanwhile. */
function run(command: string, args: string[]): Promise<{ status: number | null; output: string }> {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => (output += text));
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (status) => resolve({ status, output }));
  });
}

interface Part {
  items: unknown[];
  nextCursor: string | null;
}
type Check = <T>(operation: string, path: string, body?: object | string) => Promise<T>;

/** Calls each operation of the API at least once, with all objects that exist. */
async function askAll(check: Check): Promise<void> {
  await askServer(check);
  await askFlows(check);
  await askLenses(check);
  await askIncidents(check);
  await askAlerts(check);
  await askDocuments(check);
  await askFiles(check);
}

async function askServer(check: Check): Promise<void> {
  await check('getHealthz', '/healthz');
  await check('getReadyz', '/readyz');
  await check('getMetrics', '/metrics');
  await check('getHealth', '/api/v1/health');
  await check('getAbout', '/api/v1/about');
}

async function askFlows(check: Check): Promise<void> {
  const { items } = await check<FlowList>('listFlows', '/api/v1/flows?limit=1000');
  expect(items.length).toBeGreaterThan(5);
  expect(items.some(({ status }) => status === 'stuck')).toBe(true);
  for (const { id } of items) {
    await check('getFlow', `/api/v1/flows/${id}`);
    await check('listSpans', `/api/v1/flows/${id}/spans`);
    await check('listLogs', `/api/v1/flows/${id}/logs`);
  }
  const [{ key, type }] = items as [FlowList['items'][number]];
  await check('getFlow', '/api/v1/flows/no-such-flow');
  await check('listFlows', `/api/v1/flows?key=${encodeURIComponent(key)}&sort=duration&limit=1`);
  await check('listFlows', '/api/v1/flows?q=status:');
  await check('getExpectations', `/api/v1/flow-types/${type}/expectations`);
  await check('getExpectations', '/api/v1/flow-types/no-such-type/expectations');
  await check('suggest', '/api/v1/search/suggest?q=st');
  await check('listFlowTypes', '/api/v1/flow-types');
  await check('listServices', '/api/v1/services');
  await check('countFacets', '/api/v1/facets');
  await check('getOverview', '/api/v1/overview');
}

async function askLenses(check: Check): Promise<void> {
  const against = 'against=status:completed';
  for (const follows of ['start', 'end'])
    await check('lookAtMap', `/api/v1/lenses/map?follows=${follows}&${against}`);
  await check('lookAtVariants', `/api/v1/lenses/variants?${against}`);
  const { chain } = await check<{ chain: { id: string }[] }>(
    'lookAtLatency',
    `/api/v1/lenses/latency?${against}`,
  );
  await check('lookAtLatency', `/api/v1/lenses/latency?halve=${chain[0]!.id}`);
  await check('lookAtLatency', '/api/v1/lenses/latency?between=undo%20a..undo%20b');
  await check('lookAtDifferences', '/api/v1/lenses/differences?q=status:failed');
  await check('lookAtCoordination', '/api/v1/lenses/coordination');
  for (const by of ['status', 'type', 'service', 'environment'])
    await check('lookAtTrend', `/api/v1/lenses/trend?by=${by}&bucket=60000`);
  const failures = '/api/v1/lenses/failures';
  const { items } = await check<{ items: { fingerprint: string }[] }>('lookAtFailures', failures);
  const path = `/api/v1/failures/${items[0]!.fingerprint}`;
  await check('acknowledgeFailure', `${path}/ack`, { text: 'known' });
  await check('noteFailure', `${path}/note`, { text: 'of last night' });
  await check('resolveFailure', `${path}/resolve`, {});
  await check('lookAtFailures', failures);
  await check('noteFailure', '/api/v1/failures/none/note', {});
}

async function askIncidents(check: Check): Promise<void> {
  const { items } = await check<IncidentList>('listIncidents', '/api/v1/incidents');
  expect(items.length).toBeGreaterThan(2);
  for (const { id } of items) await check('getIncident', `/api/v1/incidents/${id}`);
  const [{ id, key }] = items as [IncidentList['items'][number]];
  await check('listFlows', `/api/v1/flows?incident=${key}`);
  await check('acknowledgeIncident', `/api/v1/incidents/${id}/ack`, { text: 'mine' });
  await check('noteIncident', `/api/v1/incidents/${id}/note`, { text: 'looking' });
  for (const { id: one } of items)
    await check('acceptIncident', `/api/v1/incidents/${one}/accept`, {});
  await check('resolveIncident', `/api/v1/incidents/${id}/resolve`, {});
  await check('listIncidents', '/api/v1/incidents?status=resolved');
  await check('getIncident', '/api/v1/incidents/none');
}

async function askAlerts(check: Check): Promise<void> {
  await check('listNotifications', '/api/v1/alerts/notifications');
  const rule = { rule: 'failed-step', minutes: 5 };
  await check('previewSilence', '/api/v1/alerts/silences/preview', rule);
  const silence = await check<Silence>('addSilence', '/api/v1/alerts/silences', rule);
  await check('addSilence', '/api/v1/alerts/silences', { rule: 'none', minutes: 5 });
  await check('listSilences', '/api/v1/alerts/silences');
  await check('endSilence', `/api/v1/alerts/silences/${silence.id}/end`, {});
  await check('testChannel', '/api/v1/alerts/channels/takes/test', {});
  await check('testChannel', '/api/v1/alerts/channels/refuses/test', {});
  await check('listChannels', '/api/v1/alerts/channels');
  await check('listAlertRoutes', '/api/v1/alerts/routes');
  const slow = { name: 'slow', query: 'duration>1ms' };
  await check('previewRule', '/api/v1/alerts/rules/preview', slow);
  await check('saveRule', '/api/v1/alerts/rules', slow);
  await check('listRules', '/api/v1/alerts/rules');
  await check('deleteRule', '/api/v1/alerts/rules/slow/delete', {});
}

async function askFiles(check: Check): Promise<void> {
  const { items } = await check<{ items: FormatInfo[] }>('listFormats', '/api/v1/formats');
  const flows = await check<FlowList>('listFlows', '/api/v1/flows?limit=1');
  for (const { name, exports, exportsOne } of items) {
    if (exports) await check('exportFlows', `/api/v1/flows/export?format=${name}&limit=3`);
    const one = `/api/v1/flows/${flows.items[0]!.id}/export?format=${name}`;
    if (exportsOne) await check('exportFlow', one);
  }
  await check('exportFlows', '/api/v1/flows/export?format=mermaid');
  const file = 'flow,step,end\na,b,2026-11-29T12:00:00Z\n';
  await check('importFile', '/api/v1/import', file);
  await check('importFile', '/api/v1/import?format=xes', file);
}

async function askDocuments(check: Check): Promise<void> {
  const flows = {
    defined: {
      version: 'v1',
      within: '1h',
      steps: [{ name: 'a' }, { name: 'b', after: ['a'], compensatedBy: 'undo b' }],
      ends: [{ step: 'b', outcome: 'completed' }],
    },
  };
  await check('checkDefinitions', '/api/v1/definitions/check', { flows });
  await check('checkDefinitions', '/api/v1/definitions/check', { yaml: 'flows: 1' });
  await check('define', '/api/v1/definitions', { flows });
  await check('listDefinitions', '/api/v1/definitions');
  await check('saveView', '/api/v1/views', { name: 'mine', q: 'status:failed', state: '?q=' });
  await check('listViews', '/api/v1/views');
  await check('deleteView', '/api/v1/views/mine/delete', {});
  const links = [{ key: 'order.id', url: 'https://shop.example/{value}' }];
  await check('saveSettings', '/api/v1/settings', { links });
  await check('getSettings', '/api/v1/settings');
}
