import { expect, test } from 'vitest';
import { isUpkeep, placeOf, requestNamed } from './places.ts';

test.each([
  // Columns: name, routing key, system, isSend → destination, type
  ['shop', '', 'rabbitmq', true, 'shop', ''],
  ['shop', 'order.placed', 'rabbitmq', true, 'shop', 'order.placed'],
  ['shop,order.placed', '', 'rabbitmq', true, 'shop', 'order.placed'],
  [',pricing', '', 'rabbitmq', true, 'pricing', ''],
  ['shop,', '', 'rabbitmq', true, 'shop', ''],
  ['', 'pricing', 'rabbitmq', true, 'pricing', ''],
  ['{}', 'pricing', '', true, 'pricing', ''],
  ['<default>', 'pricing', 'rabbitmq', true, 'pricing', ''],
  ['{}', '', '', true, '', ''],
  // An order number in the routing key must not become a part of the message type.
  ['shop', 'order.4711.placed', 'rabbitmq', true, 'shop', 'order.*.placed'],
  ['shop', 'order.user-4711', 'rabbitmq', true, 'shop', 'order.*'],
  ['shop', '4711', 'rabbitmq', true, 'shop', ''],
  ['shop', 'order.v2.placed', 'rabbitmq', true, 'shop', 'order.v2.placed'],
  ['shop', 'image.mp3', 'rabbitmq', true, 'shop', 'image.mp3'],
  // A consumer reports its queue. The routing key by which the message was sent is not the queue's
  // message type.
  ['mail', 'order.placed', 'rabbitmq', false, 'mail', ''],
  ['a,b', '', 'rabbitmq', false, 'a,b', ''],
  ['a,b', '', 'kafka', true, 'a,b', ''],
  ['amq.topic', 'order.placed', 'rabbitmq', true, 'amq.topic', 'order.placed'],
] as const)('%s with key %s of %s, sent: %s', (name, key, system, isSend, destination, type) => {
  expect(placeOf(name, key, system, isSend)).toMatchObject({
    destination,
    type,
    isTemporary: false,
    isAnswer: false,
  });
});

test.each([
  // Columns: name, routing key, isSend → isAnswer
  ['amq_e0708d2df3af4b54915ad2bf1419f83e', '', false, false],
  [',amq_e0708d2df3af4b54915ad2bf1419f83e', '', true, true],
  ['amq.gen-JzTY20BRgKO-HjmUJj0wLg', '', false, false],
  ['amq.gen-JzTY20BRgKO-HjmUJj0wLg', 'order.placed', false, false],
  ['<default>', 'amq.gen-abc', false, true],
  ['', 'amq.rabbitmq.reply-to.g1h2AA1yZXBs', true, true],
  ['amq.ctag-7', '', false, false],
  ['<generated>', '', false, false],
  ['spring.gen-0dd3RvkTQSGkvuLbPZLsiA', '', false, false],
  ['_INBOX.bVzKJa2hXKXfLVdWRW4Fo0', '', true, true],
  ['shop._INBOX.bVzKJa2hXKXfLVdWRW4Fo0', '', true, true],
  ['host_api_bus_yyyoyyc8jdbq6ejqbdppxy8yzy', '', false, false],
  ['3f2b8a0e-1c5d-4a6b-9e7f-0123456789ab', '', true, true],
  ['easynetq.response.3f2b8a0e-1c5d-4a6b-9e7f-0123456789ab', '', true, true],
])('%s (%s) was created for one receiver; sent: %s, an answer: %s', (name, key, isSend, answer) => {
  expect(placeOf(name, key, 'rabbitmq', isSend)).toMatchObject({
    isTemporary: true,
    isAnswer: answer,
  });
});

test.each([
  'amq.topic',
  'amq.fanout',
  'school_bus_routes',
  'shop-app-orders-store-changelog',
  'spring.orders',
  'INBOX.orders',
  'order-3f2b8a0e-1c5d-4a6b-9e7f-0123456789ab',
  'replies',
])('%s is a name that stays', (name) => {
  expect(placeOf(name, '', 'rabbitmq', true)).toMatchObject({ isTemporary: false });
});

test.each([
  ['MOL.HEARTBEAT', true],
  ['MOL.INFO.node-1', true],
  ['MOL-dev.DISCOVER', true],
  ['MOL.PING.node-1', true],
  ['MOL.REQ.node-1', false],
  ['MOL.EVENTB.orders.order.placed', false],
  ['MOL.INFORMATION', false],
  ['celeryev', true],
  ['worker.celery.pidbox', true],
  ['celery', false],
  ['HEARTBEAT', false],
])('%s keeps nodes together: %s', (name, expected) => {
  expect(isUpkeep(name, '')).toBe(expected);
  expect(isUpkeep('', name)).toBe(expected);
});

test.each([
  ['POST /orders', 'POST /orders'],
  ['http post /orders', 'http post /orders'],
  ['GET /orders/42', 'GET /orders/{}'],
  ['GET /orders/{id}/lines/7f3a?full=1', 'GET /orders/{id}/lines/{}'],
  ['GET /v2/orders', 'GET /v2/orders'],
  ['place order', 'place order'],
])('a request named %s is of the kind %s', (name, kind) => {
  expect(requestNamed(name)).toBe(kind);
});
