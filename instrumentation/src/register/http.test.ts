import { expect, test } from 'vitest';
import { PACKAGE, receiver, service } from '../testing/service.ts';

/** A service that sends a message while it answers a request, and asks itself. */
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
