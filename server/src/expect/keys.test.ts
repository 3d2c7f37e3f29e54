import { expect, test } from 'vitest';
import {
  actionOf,
  destinationOf,
  environmentOfKey,
  isMessageOf,
  messageKeyOf,
  nameOfKey,
  pairKey,
  parsePair,
  placeKey,
  placeOf,
  scopedKey,
} from './keys.ts';

test('what a key is made of can be read from it', () => {
  const key = scopedKey('prod', 'order');
  expect([environmentOfKey(key), nameOfKey(key)]).toEqual(['prod', 'order']);
  expect(parsePair(pairKey('charge', 'ship'))).toEqual(['charge', 'ship']);
});

test('an action names the place that it sent to, and its destination; a call names none', () => {
  const place = placeKey('orders', 'Placed');
  expect(placeOf(actionOf(place))).toBe(place);
  expect(destinationOf(actionOf(place))).toBe('orders');
  expect(destinationOf(actionOf(placeKey('orders', '')))).toBe('orders');
  expect([placeOf('shop place'), destinationOf('shop place')]).toEqual([null, null]);
});

test('a message is one of its step type and place, in whatever version', () => {
  const key = messageKeyOf({ as: 'shop place', version: '2' }, 'orders');
  expect(isMessageOf(key, 'shop place', 'orders')).toBe(true);
  expect(isMessageOf(key, 'shop', 'orders')).toBe(false);
  expect(isMessageOf(key, 'shop place', 'rders')).toBe(false);
});
