import type { Flow } from '@fermata/server/contract';
import { expect, test } from 'vitest';
import { curlOf, mermaidOf, summaryLine } from './copy.ts';

const START = Date.parse('2026-11-29T12:00:00Z');
const at = (ms: number): string => `${START + ms}000000`;
const iso = (ms: number): string => new Date(START + ms).toISOString();
const flow = {
  id: 'f1',
  key: 'order-42',
  type: 'order',
  status: 'stuck',
  phase: 'open',
  health: 'stuck',
  statusSinceUnixNano: at(9000),
  startedAtUnixNano: at(0),
  durationMs: 50,
  findings: [],
  steps: [
    {
      id: 'a',
      service: 'shop; DROP',
      name: 'place',
      status: 'ok',
      attempts: [],
      startUnixNano: at(0),
      endUnixNano: at(9),
    },
    {
      id: 'b',
      service: 'ship',
      name: 'pack',
      status: 'failed',
      error: { type: 'E', message: 'no\nbox' },
      startUnixNano: at(20),
      endUnixNano: at(30),
      attempts: [],
    },
  ],
  hops: [
    {
      id: 'h1',
      from: 'a',
      to: 'b',
      sync: false,
      state: 'delivered',
      sentUnixNano: at(10),
      waitMs: 1,
      message: { kind: 'event', type: 'Placed', destination: '' },
    },
    {
      id: 'h2',
      from: 'b',
      to: null,
      sync: false,
      state: 'waiting',
      sentUnixNano: at(40),
      waitMs: null,
      message: { kind: 'command', type: 'Send', destination: 'mail' },
    },
  ],
  waitingFor: [
    {
      id: 'w',
      hopId: 'h2',
      afterStepId: 'b',
      step: 'send',
      service: 'mailer',
      oneOf: [],
      since: iso(40),
      lateAt: iso(1000),
      stuckAt: iso(2000),
    },
  ],
} as unknown as Flow;

test('the summary is one line that says what, how long and why', () => {
  const line = summaryLine(flow, 'http://x/flow/f1', START + 60_000);
  expect(line).toMatch(
    /^order-42 · order · stuck 59 s · ship sent Send to mail at .* · http:\/\/x\/flow\/f1$/,
  );
  expect(line).not.toContain('\n');
});

test('a sequence diagram of Mermaid: solid and dashed, what failed, what nobody took', () => {
  expect(mermaidOf(flow, START + 60_000).split('\n')).toEqual([
    'sequenceDiagram',
    '  participant s0 as shop#59; DROP',
    '  participant s1 as ship',
    '  participant s2 as mailer',
    '  s0-->>s1: Placed',
    '  Note over s1: pack failed: no box',
    '  s1--xs2: Send (not taken)',
    '',
  ]);
});

test('the command is safe to paste, whatever the id', () => {
  expect(curlOf('http://x', "a'; rm -rf /")).toBe(
    "curl -s 'http://x/api/v1/flows/a%27%3B%20rm%20-rf%20%2F'",
  );
});
