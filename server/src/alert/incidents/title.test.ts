import { expect, test } from 'vitest';
import { causeKey } from '../../model/cause.ts';
import type { IncidentPart } from '../../model/incident.ts';
import { copyOf, type MutableIncident } from './mutable-incident.ts';
import { newIncident } from './new-incident.ts';
import { describe, isAbsence, nameKey, namesOf, takeUp } from './title.ts';

const part = (over: Partial<IncidentPart> = {}): IncidentPart => ({
  ...{ rule: 'missing-step', severity: 'warning', flowType: 'order', service: 'pay' },
  ...{ step: 'charge', ...over },
});
const incident = (parts: IncidentPart[], over: Partial<MutableIncident> = {}): MutableIncident => ({
  ...copyOf(newIncident({ ...parts[0]!, key: 'k', lasting: true, environment: 'prod' }, 0)),
  parts,
  ...over,
});
const said = (
  parts: IncidentPart[],
  over: Partial<MutableIncident> = {},
  suspected: string[] = [],
  overtaken = 0,
): [string, string | null] => {
  const one = incident(parts, over);
  describe(one, suspected, overtaken);
  return [one.title, one.cause];
};
const titleOf = (...parts: IncidentPart[]): string => said(parts)[0];

test('one step that does not come', () => {
  expect(said([part()])).toEqual(['order: charge (pay) does not come', 'pay does not react']);
});

test('several steps of one service: the service does not react', () => {
  expect(titleOf(part(), part({ step: 'refund' }))).toBe('order: pay does not react');
});

test('a service that owes no step that has a name does not react', () => {
  const silent = part({ rule: 'orchestrator-silent', step: null, service: 'orders' });
  expect(titleOf(silent)).toBe('order: orders does not react');
});

test('steps of several services are counted', () => {
  expect(titleOf(part(), part({ service: 'stock' }))).toBe('order: 2 steps do not come');
});

test('two flow types are named, of more the first', () => {
  const types = ['order', 'return', 'signup'].map((flowType) => part({ flowType }));
  expect(titleOf(...types.slice(0, 2))).toBe('order and return: charge (pay) does not come');
  expect(titleOf(...types)).toBe('order and 2 other flow types: charge (pay) does not come');
});

test.each([
  ['failed-step', 'order: charge (pay) fails'],
  ['dead-letter', 'order: charge (pay) is dead-lettered'],
  ['retry-storm', 'order: charge (pay) is tried again and again'],
  ['duplicate-processing', 'order: charge (pay) happens twice'],
  ['unhandled-failure', 'order: nobody hears of charge (pay)'],
  ['some-new-rule', 'order: some new rule at charge (pay)'],
  ['constructor', 'order: constructor at charge (pay)'],
])('%s: %s', (rule, title) => {
  expect(titleOf(part({ rule }))).toBe(title);
});

test('where no step is known, the place or the flow type stands for it', () => {
  const nobody = part({ step: null, service: null });
  expect(said([nobody], { place: 'orders' })[0]).toBe('order: orders does not come');
  expect(said([nobody], { place: null })[0]).toBe('order: order does not come');
});

test('a dependency that errors name is what they fail on', () => {
  const failed = [part({ rule: 'failed-step' }), part({ rule: 'failed-step', service: 'stock' })];
  expect(said(failed, { dependency: 'db' })).toEqual([
    'order: 2 steps fail on db',
    'errors of 2 services name db: is it up?',
  ]);
  expect(said(failed.slice(0, 1), { dependency: 'db' })).toEqual([
    'order: charge (pay) fails on db',
    'errors of pay name db: is it up?',
  ]);
});

test('what is suspected follows what is known; of nothing there is no cause', () => {
  const failed = [part({ rule: 'failed-step' })];
  expect(said(failed)[1]).toBeNull();
  expect(said(failed, {}, ['a deploy'])[1]).toBe('a deploy');
  expect(said([part()], {}, ['a deploy', 'a queue'])[1]).toBe(
    'pay does not react; a deploy; a queue',
  );
  expect(said([part({ rule: 'undelivered-message' })], { place: 'orders' })[1]).toBe(
    'messages to orders are sent and not consumed: is pay running?',
  );
});

test('each kind of absence is told, because the cause of one need not be that of another', () => {
  const kinds = [part({ rule: 'lost-step' }), part({ rule: 'undelivered-message' }), part()];
  const place = 'payments';
  expect(said(kinds, { place })[1]).toBe(
    'in some flows a message to payments is not consumed, in others pay stopped in the middle, ' +
      'or hangs, in others charge does not come: is pay running?',
  );
  expect(said(kinds.slice(0, 2), { place, openCount: 2 }, ['a deploy'], 3)[1]).toBe(
    'pay took 3 later messages of payments, so these were lost or are held by an instance that ' +
      'ended; in other flows pay stopped in the middle, or hangs; a deploy',
  );
  const gone = [part({ rule: 'undelivered-message' }), part({ rule: 'consumer-gone' })];
  expect(said(gone, { place })[1]).toBe(
    'messages to payments are sent and not consumed: is pay running?',
  );
});

test('a consumer that took later messages runs, so that is not asked', () => {
  const lost = [part({ rule: 'undelivered-message' })];
  expect(said(lost, { place: 'orders', openCount: 1 }, [], 14)[1]).toBe(
    'pay took 14 later messages of orders, so this one was lost or is held by an instance that ended',
  );
  expect(said(lost, { place: 'orders', openCount: 3 }, [], 1)[1]).toBe(
    'pay took 1 later message of orders, so these were lost or are held by an instance that ended',
  );
});

test('a part is taken up once, and the worst severity counts', () => {
  const one = incident([part()]);
  expect(takeUp(one, part())).toBe(false);
  expect(takeUp(one, part({ flowType: 'return', severity: 'info' }))).toBe(true);
  expect([one.parts.length, one.severity]).toEqual([2, 'warning']);
  expect(takeUp(one, part({ severity: 'critical' }))).toBe(true);
  expect(one.severity).toBe('critical');
});

test('parts are bounded', () => {
  const one = incident([part()]);
  for (let i = 0; i < 200; i++) takeUp(one, part({ step: `${i}` }));
  expect(one.parts).toHaveLength(100);
  expect(takeUp(one, part({ step: 'more', severity: 'critical' }))).toBe(false);
});

test('an absence is one by its rule', () => {
  expect(isAbsence({ rule: 'missing-step' })).toBe(true);
  expect(isAbsence({ rule: 'failed-step' })).toBe(false);
});

test('whoever is missed for certain is named, and whoever errors name; a host is called like its service', () => {
  const about = { rule: 'missing-step', service: 'pay', step: 'charge', place: null };
  const missing = (certain: boolean): MutableIncident =>
    incident([part()], { key: causeKey('prod', 'order', about, certain) });
  expect(namesOf(missing(true))).toEqual([nameKey('prod', 'pay')]);
  expect(namesOf(missing(false))).toEqual([]);
  const named = (dependency: string): string[] =>
    namesOf(incident([part({ rule: 'failed-step' })], { dependency }));
  expect(named('pay.shop.svc')).toEqual(['pay.shop.svc', 'pay'].map((one) => nameKey('prod', one)));
  expect(named('api.pay.example')).toEqual([nameKey('prod', 'api.pay.example')]);
  expect(named('db')).toEqual([nameKey('prod', 'db')]);
});
