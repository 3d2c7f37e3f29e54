import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { printConfig, readConfig, SETTINGS } from './index.ts';

const folder = mkdtempSync(join(tmpdir(), 'fermata-settings-'));
afterAll(() => rmSync(folder, { recursive: true }));
const file = (name: string, text: string): string => {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
};
const problemsOf = (env: Record<string, string>): string => {
  try {
    readConfig(env);
  } catch (error) {
    return (error as Error).message;
  }
  return '';
};

test('two configurations of one process share no secrets', () => {
  const alerts = file(
    'alerts.yaml',
    'channels: [{ name: ops, kind: webhook, url: "http://ops.example", secret: "${OPS_SECRET}" }]',
  );
  const secretOf = (env: Record<string, string>): string | undefined =>
    readConfig({ FERMATA_ALERTS: alerts, ...env }).config.alerts.channels[0]?.secret;
  expect(secretOf({ OPS_SECRET: 'one' })).toBe('one');
  expect(secretOf({ OPS_SECRET: 'two' })).toBe('two');
  process.env['OPS_SECRET'] = 'of the process';
  try {
    expect(problemsOf({ FERMATA_ALERTS: alerts })).toContain(
      'OPS_SECRET is not set in the environment',
    );
  } finally {
    delete process.env['OPS_SECRET'];
  }
});

test('the environment goes before the file, and the file before the default', () => {
  const yaml = file(
    'fermata.yaml',
    'FERMATA_PORT: 5000\nFERMATA_IDENTITY_KEYS: [order.id, cart.id]\n',
  );
  const { config } = readConfig({ FERMATA_CONFIG: yaml, FERMATA_SETTLE: '5s' });
  expect(config).toMatchObject({ port: 5000, settleMs: 5000, host: SETTINGS.host.default });
  expect(config.identityKeys).toEqual(['order.id', 'cart.id']);
  expect(readConfig({ FERMATA_CONFIG: yaml, FERMATA_PORT: '6000' }).config.port).toBe(6000);
});

test('everything wrong is said at once, and a misspelt name what it may have meant', () => {
  const yaml = file('wrong.yaml', 'FERMATA_PORTT: 1\n');
  const problems = problemsOf({
    ...{
      FERMATA_CONFIG: yaml,
      FERMATA_PORT: 'x',
      FERMATA_SETTLE: '5',
      CLICKHOUSE_URL: 'user:secret@db',
    },
  });
  expect(problems.split('\n')).toEqual([
    `${yaml}, line 1: FERMATA_PORTT is not a setting; did you mean FERMATA_PORT?`,
    'FERMATA_PORT=x is not a port (0 to 65535)',
    'FERMATA_SETTLE=5 is not a duration like 30s, 15m or 14d',
    'CLICKHOUSE_URL=… is not an http(s) URL',
  ]);
  expect(readConfig({ FERMATA_SETLE: '5s' }).warnings).toEqual([
    'environment: FERMATA_SETLE is not a setting; did you mean FERMATA_SETTLE?',
  ]);
});

test.each([
  ['a list', '- FERMATA_PORT: 5000\n', 'line 1: a list stands where a map of settings is expected'],
  ['a text', '# ports\nFERMATA_PORT\n', 'line 2: a text stands where'],
  ['a wrong value', '# a\nFERMATA_HOST: localhost\nFERMATA_PORT: x\n', 'line 3: FERMATA_PORT=x'],
  ['a map as value', 'FERMATA_ALERTS:\n  channels: []\n', 'line 2: FERMATA_ALERTS: is neither'],
  ['no value', 'FERMATA_PORT: 5000\nFERMATA_HOST:\n', 'line 2: FERMATA_HOST: is neither'],
  ['no YAML', 'FERMATA_PORT: 5000\n  FERMATA_HOST: "a\n', 'line 1, column 15'],
  ['one name twice', 'FERMATA_PORT: 1\nFERMATA_PORT: 2\n', 'line 2'],
  ['bytes', '\0\u0001\u0002', 'line 1'],
])('a settings file with %s is refused with its line', (_, text, problem) => {
  const yaml = file('shape.yaml', text);
  expect(problemsOf({ FERMATA_CONFIG: yaml })).toContain(`${yaml}, `);
  expect(problemsOf({ FERMATA_CONFIG: yaml })).toContain(problem);
});

test('a settings file that was named and does not exist is refused', () => {
  const yaml = join(folder, 'none.yaml');
  expect(problemsOf({ FERMATA_CONFIG: yaml })).toContain(`${yaml} cannot be read`);
});

test('an address that others reach has to be allowed', () => {
  expect(problemsOf({ FERMATA_HOST: '0.0.0.0' })).toContain('FERMATA_ALLOW_ANONYMOUS=1');
  expect(problemsOf({ FERMATA_HOST: '0.0.0.0', FERMATA_ALLOW_ANONYMOUS: '1' })).toBe('');
});

test('what is printed has every setting once and no secret', () => {
  const printed = printConfig(readConfig({ CLICKHOUSE_URL: 'http://user:secret@db:8123' }).config);
  expect(printed.split('\n').map((line) => line.split('=')[0])).toEqual(
    Object.values(SETTINGS).map(({ name }) => name),
  );
  expect(printed).toContain('CLICKHOUSE_URL=***');
  expect(printed).not.toContain('secret');
});
