import { describe, expect, test } from 'vitest';
import type { Flow } from '../model/flow.ts';
import type { Span } from '../model/span.ts';
import { aSpan, type SpanSketch } from '../testing/builders.ts';
import { flowsOf } from '../testing/correlator-harness.ts';
import { createLearnedNames, type LearnedNames } from './learned-names.ts';

let count = 0;
const sent = (destination: string, type = '', system = 'nats', trace = `${++count}`): Span => {
  const span = aSpan({ trace, id: '1', role: 'send', destination, system });
  span.message!.type = type;
  return span;
};
const flowSending = (destination: string, more: Partial<SpanSketch> = {}): Flow =>
  flowsOf({ trace: 'f', id: '1', role: 'send', destination, system: 'nats', ...more })[0]!;
const namesOf = (names: LearnedNames, flow: Flow): string[] => {
  const { type, steps, hops } = names.named(flow);
  return [type, steps[0]!.typeKey, hops[0]!.message.destination];
};
const many = (number: number, name: (i: number) => string): string[] =>
  Array.from({ length: number }, (_, i) => name(i));
const word = (i: number): string =>
  `Ann${String.fromCharCode(97 + (i % 26), 97 + Math.floor(i / 26))}`;

describe('a part of a name with a new value in each flow', () => {
  const learned = (): LearnedNames => {
    const names = createLearnedNames();
    names.observe(many(60, word).map((user) => sent(`user.created.${user}`)));
    return names;
  };
  test('is replaced, also where the value is new', () => {
    expect(namesOf(learned(), flowSending('user.created.Zoe'))).toEqual([
      'svc send user.created.*',
      'svc send user.created.*',
      'user.created.*',
    ]);
  });
  test('beside it everything keeps its name', () => {
    for (const name of ['user.deleted.Zoe', 'user.created', 'orders', 'Zoe'])
      expect(namesOf(learned(), flowSending(name))[2]).toBe(name);
  });
  test('what follows it keeps its name', () => {
    const names = createLearnedNames();
    names.observe(many(60, word).map((user) => sent(`user/${user}/created`)));
    names.observe([sent('user/Zoe/deleted')]);
    expect(namesOf(names, flowSending('user/Zoe/deleted'))[2]).toBe('user/*/deleted');
  });
  test('no identity changes', () => {
    const flow = flowSending('user.created.Zoe');
    const { id, key, tokens, members, steps, hops } = learned().named(flow);
    expect({ id, key, tokens, members }).toEqual({
      ...{ id: flow.id, key: flow.key, tokens: flow.tokens, members: flow.members },
    });
    expect(steps.map((step) => step.id)).toEqual(flow.steps.map((step) => step.id));
    expect(hops.map((hop) => hop.id)).toEqual(flow.hops.map((hop) => hop.id));
  });
  test('a restart keeps it', () => {
    const stored = learned().takeChanged()!;
    const names = createLearnedNames();
    names.load(stored);
    expect(namesOf(names, flowSending('user.created.Zoe'))[2]).toBe('user.created.*');
    expect(names.takeChanged()).toBeNull();
  });
  test('another environment has names of its own', () => {
    expect(namesOf(learned(), flowSending('user.created.Zoe', { env: 'test' }))[2]).toBe(
      'user.created.Zoe',
    );
  });
});

describe('names of a number that somebody decided', () => {
  test.each<[string, string[], string]>([
    ['fifty', many(50, word).map((one) => `a.${one}`), 'nats'],
    [
      'many that come again and again',
      [...many(120, word), ...many(120, word)].map((one) => `a.${one}`).sort(),
      'nats',
    ],
    ['many first parts', many(300, word), 'nats'],
    ['many topics', many(300, word).map((one) => `a.${one}`), 'kafka'],
  ])('%s stay', (_what, destinations, system) => {
    const names = createLearnedNames();
    names.observe(destinations.map((name) => sent(name, '', system)));
    const last = destinations.at(-1)!;
    expect(namesOf(names, flowSending(last, { system }))[2]).toBe(last);
  });
  test('even those become too many', () => {
    const names = createLearnedNames();
    const all = many(400, word).map((one) => `a.${one}`);
    for (const name of all) names.observe([sent(name), sent(name)]);
    expect(namesOf(names, flowSending(all[0]!))[2]).toBe('a.*');
  });
});

test('a type of message counts where it is sent, whatever the broker', () => {
  const names = createLearnedNames();
  names.observe(
    many(60, word).map((user) => sent('registration', `user.created.${user}`, 'rabbitmq')),
  );
  const [flow] = flowsOf({
    trace: 'f',
    id: '1',
    role: 'send',
    destination: 'registration',
    system: 'rabbitmq',
  });
  const typed = (destination: string): Flow => ({
    ...flow!,
    hops: flow!.hops.map((hop) => ({
      ...hop,
      message: { ...hop.message, destination, type: 'user.created.Zoe' },
    })),
  });
  expect(names.named(typed('registration')).hops[0]!.message.type).toBe('user.created.*');
  expect(names.named(typed('other')).hops[0]!.message.type).toBe('user.created.Zoe');
});

test.each([
  ['orders.4711.placed', 'orders.*.placed'],
  ['orders/3f2b8a0e-1c5d-4a6b-9e7f-0123456789ab', 'orders/*'],
  ['orders.v2.placed', 'orders.v2.placed'],
  ['4711', '4711'],
  ['orders-2026', 'orders-2026'],
])('an id in %s is replaced before anything is learned: %s', (name, expected) => {
  expect(namesOf(createLearnedNames(), flowSending(name))[2]).toBe(expected);
});
