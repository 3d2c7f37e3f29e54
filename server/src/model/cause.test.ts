import { expect, test } from 'vitest';
import { awaitedStepKey, causeKey } from './cause.ts';

type About = Parameters<typeof causeKey>[2];
const about = (over: Partial<About> = {}): About => ({
  ...{ rule: 'undelivered-message', service: 'pay', step: 'charge', place: 'orders' },
  ...over,
});
const key = (over: Partial<About> = {}, type = 'order', environment = 'prod'): string =>
  causeKey(environment, type, about(over));

test('whoever takes from one place is the same in whatever flow type and rule it is missed', () => {
  expect(key({}, 'return')).toBe(key());
  expect(key({ rule: 'consumer-gone' })).toBe(key());
  expect(key({ step: 'other' })).toBe(key());
  expect(key({ place: 'returns' })).not.toBe(key());
  expect(key({ service: 'stock' })).not.toBe(key());
  expect(key({}, 'order', 'test')).not.toBe(key());
});

test('where it is only known that one of several is missed, flow types are told apart', () => {
  const uncertain = (type: string): string => causeKey('prod', type, about(), false);
  expect(uncertain('order')).not.toBe(uncertain('return'));
  expect(uncertain('order')).not.toBe(key());
});

test('where neither service nor place is known, flow types are told apart', () => {
  const nobody = { service: null, place: null };
  expect(key(nobody)).not.toBe(key(nobody, 'return'));
  expect(key({ service: null })).toBe(key({ service: null }, 'return'));
});

test('where no place is known, the step tells two absences of one service apart', () => {
  const missing = { rule: 'missing-step', place: null };
  expect(key({ ...missing, step: 'ship' })).not.toBe(key({ ...missing, step: 'charge' }));
  expect(key({ ...missing, step: 'ship' }, 'return')).toBe(key({ ...missing, step: 'ship' }));
});

test('a step that fails is one cause wherever its messages came from, a dead letter is not', () => {
  expect(key({ rule: 'failed-step', place: 'a' })).toBe(key({ rule: 'failed-step', place: 'b' }));
  expect(key({ rule: 'failed-step' })).not.toBe(key({ rule: 'retry-storm' }));
  expect(key({ rule: 'dead-letter', place: 'a' })).not.toBe(
    key({ rule: 'dead-letter', place: 'b' }),
  );
});

test('what errors name is the cause, whatever fails on it', () => {
  const named = { dependency: 'db.internal' };
  expect(key({ ...named, rule: 'failed-step' }, 'return')).toBe(key({ ...named, service: 'x' }));
  expect(key(named, 'order', 'test')).not.toBe(key(named));
});

test("a rule that nobody shares is a flow type's own", () => {
  const own = { rule: 'new-variant' };
  expect(key(own, 'return')).not.toBe(key(own));
  expect(key(own)).toBe(key(own));
});

test('one step that several places lead to is one cause as well', () => {
  const stepKey = (over: Partial<About>): string | null =>
    awaitedStepKey('prod', 'order', about(over), key(over));
  expect(stepKey({ place: 'a' })).toBe(stepKey({ place: 'b' }));
  expect(stepKey({ rule: 'missing-step' })).toBe(stepKey({ place: 'a' }));
  expect(stepKey({ step: 'other' })).not.toBe(stepKey({}));
});

test('it is not, where it is not known which step is missed, or who was to take it', () => {
  const of = (over: Partial<About>, known: string): string | null =>
    awaitedStepKey('prod', 'order', about(over), known);
  expect(of({ step: null }, key({ step: null }))).toBeNull();
  expect(of({ service: null }, key({ service: null }))).toBeNull();
  expect(of({ rule: 'failed-step' }, key({ rule: 'failed-step' }))).toBeNull();
  expect(of({}, causeKey('prod', 'order', about(), false))).toBeNull();
});
