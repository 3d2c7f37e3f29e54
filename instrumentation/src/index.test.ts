import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import {
  compensate,
  currentFlow,
  defineFlow,
  failFlow,
  handleMessage,
  publishEvent,
  startFlow,
  step,
  withFlow,
} from './index.ts';
import { recordTelemetry } from './testing/telemetry.ts';
/** These tests pass wrong arguments, because JavaScript callers are not stopped by types. */
const message = { type: 'T', destination: 'd', system: 's' };
const trap = new Proxy(
  {},
  {
    ownKeys: () => {
      throw new Error('a trap');
    },
  },
);
const WRONG = [
  ['no flow', (run) => startFlow(undefined as never, run)],
  ['null for a flow', (run) => withFlow(null as never, run)],
  ['null for keys', (run) => startFlow({ id: '1', keys: null as never }, run)],
  ['no message', (run) => publishEvent(undefined as never, run)],
  [
    'a text for an itinerary',
    (run) => publishEvent({ ...message, itinerary: 'a,b' as never }, run),
  ],
  ['headers that cannot be read', (run) => publishEvent({ ...message, headers: trap }, run)],
  ['no message to handle', (run) => handleMessage(undefined as never, run)],
  ['null for options', (run) => step('s', run, null as never)],
  ['null for those of a compensation', (run) => compensate('s', run, null as never)],
  [
    'a definition that refers to itself',
    (run) => {
      const definition = { steps: [] };
      defineFlow('t', Object.assign(definition, { definition }));
      return run();
    },
  ],
] as [string, (run: () => string) => string][];

describe('without an SDK', () => {
  test('the wrapped code runs, its result and its error pass through', () => {
    expect(
      publishEvent({ type: 'T', destination: 'd', system: 's' }, (headers) => typeof headers),
    ).toBe('object');
    expect(() =>
      step('s', () => {
        throw new Error('mine');
      }),
    ).toThrow('mine');
    expect(startFlow({ id: '1' }, () => currentFlow())).toBeUndefined();
    failFlow();
  });

  test.each(WRONG)('%s: what is wrapped runs all the same', (_, call) =>
    expect(call(() => 'ran')).toBe('ran'),
  );

  test('a message stays as it was', () => {
    const headers = { tenant: 't1', 'fermata-itinerary': 'a,b' };
    publishEvent({ type: 'T', destination: 'd', system: 's', headers }, (given) =>
      expect(given).toEqual(headers),
    );
    publishEvent({ type: 'T', destination: 'd', system: 's' }, (given) =>
      expect(given).toEqual({}),
    );
  });
});

describe('with an SDK', () => {
  recordTelemetry();
  test.each(WRONG)('%s: what is wrapped runs all the same', (_, call) =>
    expect(call(() => 'ran')).toBe('ran'),
  );
});

test('what a browser’s client needs is of no platform', () => {
  const seen = new Set<string>();
  const needed = (file: URL): string[] => {
    if (seen.has(file.href)) return [];
    seen.add(file.href);
    const source = readFileSync(file, 'utf8');
    return [...source.matchAll(/^(?:import|export)(?! type)[^;]*? from '([^']+)'/gm)].flatMap(
      ([, from]) => (from!.startsWith('.') ? needed(new URL(from!, file)) : [from!]),
    );
  };
  const modules = ['./index.ts', './adapters/socket-io.ts'].flatMap((file) =>
    needed(new URL(file, import.meta.url)),
  );
  expect([...new Set(modules)]).toEqual(['@opentelemetry/api']);
  for (const file of seen)
    expect(readFileSync(new URL(file), 'utf8')).not.toMatch(/\b(Buffer\.from|process\.\w+\()/);
});
