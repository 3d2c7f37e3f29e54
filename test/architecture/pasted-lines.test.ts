import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';

/** These tests have bash parse the shell commands that the dashboard shows for pasting. */
interface Block {
  title: string;
  lines: string;
}
interface Blocks {
  platformsOf: (address: { http: string; grpc: string }) => { name: string; blocks: Block[] }[];
  namingOf: () => Block[];
  DEMO: Block;
}
const source = new URL('../../web/src/pages/connect/blocks.ts', import.meta.url).href;
const { platformsOf, namingOf, DEMO } = (await import(source)) as Blocks;

const read = (lines: string, ...args: string[]) =>
  spawnSync('bash', ['--noprofile', '--norc', ...args], { input: lines, encoding: 'utf8' });

const PLAIN = 'http://127.0.0.1:4318';
const HOSTILE = `http://a'b";$(touch /tmp/x)\`c\`:1`;

test('bash reads every block', () => {
  for (const http of [PLAIN, HOSTILE])
    for (const { title, lines } of [
      ...platformsOf({ http, grpc: http }).flatMap(({ blocks }) => blocks),
      ...namingOf(),
      DEMO,
    ]) {
      const { status, stderr } = read(`${lines}\n`, '-n');
      expect([status, stderr], `${title}\n${lines}`).toEqual([0, '']);
    }
});

test('what is exported is what was meant, even where the address is odd', () => {
  for (const http of [PLAIN, HOSTILE])
    for (const { name, blocks } of platformsOf({ http, grpc: http })) {
      const exports = blocks
        .flatMap(({ lines }) => lines.split('\n'))
        .filter((line) => line.startsWith('export '));
      if (exports.length === 0) continue;
      const { stdout } = read(`${exports.join('\n')}\nprintf %s "$OTEL_EXPORTER_OTLP_ENDPOINT"\n`);
      expect(stdout, name).toBe(http);
    }
});

test('the order that curl sends is JSON, with ids of their length', () => {
  const [block] = platformsOf({ http: PLAIN, grpc: PLAIN }).find(
    ({ name }) => name === 'curl',
  )!.blocks;
  const { stdout, stderr } = read(`curl() { cat; }\n${block!.lines}\n`);
  expect(stderr).toBe('');
  const { resourceSpans } = JSON.parse(stdout) as {
    resourceSpans: { scopeSpans: { spans: { traceId: string; spanId: string }[] }[] }[];
  };
  const spans = resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap((one) => one.spans));
  expect(spans.map(({ traceId, spanId }) => [traceId.length, spanId.length])).toEqual([
    [32, 16],
    [32, 16],
  ]);
});
