import { expect, test } from 'vitest';
import { placeOf, requestNamed } from './places.ts';

test.each([
  // name, routing key, system, isSend → destination, type, isTemporary
  ['shop', '', 'rabbitmq', true, 'shop', '', false],
  ['shop', 'order.placed', 'rabbitmq', true, 'shop', 'order.placed', false],
  ['shop,order.placed', '', 'rabbitmq', true, 'shop', 'order.placed', false],
  [',pricing', '', 'rabbitmq', true, 'pricing', '', false],
  ['shop,', '', 'rabbitmq', true, 'shop', '', false],
  ['', 'pricing', 'rabbitmq', true, 'pricing', '', false],
  ['{}', 'pricing', '', true, 'pricing', '', false],
  ['{}', '', '', true, '', '', false],
  // A routing key that names one order is no message type.
  ['shop', 'order.4711.placed', 'rabbitmq', true, 'shop', '', false],
  // A queue has a name of its own, whatever was sent to it.
  ['mail', 'order.placed', 'rabbitmq', false, 'mail', '', false],
  ['a,b', '', 'rabbitmq', false, 'a,b', '', false],
  ['a,b', '', 'kafka', true, 'a,b', '', false],
  [
    'amq_e0708d2df3af4b54915ad2bf1419f83e',
    '',
    'rabbitmq',
    false,
    'amq_e0708d2df3af4b54915ad2bf1419f83e',
    '',
    true,
  ],
  [
    ',amq_e0708d2df3af4b54915ad2bf1419f83e',
    '',
    'rabbitmq',
    true,
    'amq_e0708d2df3af4b54915ad2bf1419f83e',
    '',
    true,
  ],
  [
    'amq.gen-JzTY20BRgKO-HjmUJj0wLg',
    '',
    'rabbitmq',
    false,
    'amq.gen-JzTY20BRgKO-HjmUJj0wLg',
    '',
    true,
  ],
  ['amq.topic', 'order.placed', 'rabbitmq', true, 'amq.topic', 'order.placed', false],
] as const)(
  '%s with key %s of %s, sent: %s',
  (name, key, system, isSend, destination, type, isTemporary) => {
    expect(placeOf(name, key, system, isSend)).toEqual({ destination, type, isTemporary });
  },
);

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
