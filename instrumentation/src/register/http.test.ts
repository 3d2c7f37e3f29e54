import { expect, test } from 'vitest';
import { eventually, PACKAGE, receiver, service } from '../testing/service.ts';

/** Source of a service that calls itself by HTTP and sends a message while it answers. */
const SOURCE = `
  import { once } from 'node:events';
  import express from 'express';
  import { publishEvent } from '${PACKAGE}';
  const app = express();
  const orders = express.Router();
  orders.post('/:id', (request, response) => {
    publishEvent({ type: 'OrderPlaced', destination: 'orders', system: 's' }, () => undefined);
    response.json({});
  });
  app.use('/orders', orders);
  const server = app.listen(0);
  await once(server, 'listening');
  const { port } = server.address();
  await fetch('http://127.0.0.1:' + port + '/orders/42', { method: 'POST' });
  await fetch('http://127.0.0.1:' + port + '/health');
  server.close();`;

test('a request is named by its route; a call that nothing traced caused has no span', async () => {
  const { endpoint, received } = await receiver();
  const { exited } = service(SOURCE, endpoint, 'ignore');
  expect(await exited).toEqual([0, null]);
  expect(received()).toContain('POST /orders/:id');
  expect(received()).toContain('send orders');
  expect(received()).not.toContain('undici');
});

test('requests are left out by OpenTelemetry’s own setting', async () => {
  const { endpoint, received } = await receiver();
  process.env['OTEL_NODE_DISABLED_INSTRUMENTATIONS'] = 'http,undici';
  const { exited } = service(SOURCE, endpoint, 'ignore');
  delete process.env['OTEL_NODE_DISABLED_INSTRUMENTATIONS'];
  expect(await exited).toEqual([0, null]);
  expect(received()).toContain('send orders');
  expect(received()).not.toContain('/orders/:id');
});

/**
 * Source of a service with two requests that do not end: one is never answered, the other has begun
 * to stream its answer.
 */
const HANGING = `
  import { once } from 'node:events';
  import express from 'express';
  import { startFlow } from '${PACKAGE}';
  const app = express();
  app.post('/orders/:id', ({ params }) => startFlow({ id: params.id, type: 'order' }, () => {}));
  app.get('/stream', (request, response) => response.write('begun'));
  const server = app.listen(0);
  await once(server, 'listening');
  const { port } = server.address();
  void fetch('http://127.0.0.1:' + port + '/stream');
  void fetch('http://127.0.0.1:' + port + '/orders/42', { method: 'POST' });`;

test('a request that hangs is announced by its route and in its flow; one that streams is not', async () => {
  const { endpoint, received } = await receiver();
  service(HANGING, endpoint);
  await eventually(() => expect(received()).toContain('fermata.step.started'));
  expect(received()).toContain('/orders/:id');
  expect(received().match(/fermata\.step\.started/g)).toHaveLength(1);
  expect(received()).not.toContain('/stream');
});
