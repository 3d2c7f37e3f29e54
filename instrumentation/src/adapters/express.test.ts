import { expect, test } from 'vitest';
import { recordTelemetry } from '../testing/telemetry.ts';
import { flowFetch } from './express.ts';

const { spans } = recordTelemetry();
test('what fetch rejects, flowFetch rejects', async () => {
  const rejected = (fetching: Promise<unknown>): Promise<unknown> =>
    expect(fetching).rejects.toThrow(TypeError);
  await rejected(flowFetch('/relative'));
  await rejected(flowFetch('http://127.0.0.1:1', { headers: { 'a b': 'c' } }));
  expect(spans()).toEqual([]);
  await rejected(
    flowFetch(new Request('http://127.0.0.1:1/orders', { method: 'POST', body: 'x' })),
  );
  expect(spans()[0]!.attributes).toMatchObject({
    'http.request.method': 'POST',
    'url.full': 'http://127.0.0.1:1/orders',
  });
});
