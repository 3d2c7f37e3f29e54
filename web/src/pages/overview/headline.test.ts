import type { Held, Overview, TypeOverview } from '@fermata/server/contract';
import { expect, test } from 'vitest';
import { headlineOf, proofOf } from './headline.ts';

const held = (step: string, service: string, stuck: number, late = 0, since = '14:11'): Held =>
  ({ step, service, stuck, late, since }) as Held;
const type = (name: string, stuck: number, isYoung = false): TypeOverview =>
  ({ type: name, stuck, late: 0, isYoung }) as TypeOverview;
const say = (overview: Partial<Overview>) =>
  headlineOf({ stuck: 0, late: 0, held: [], types: [], ...overview }, (at) => at);

test('one reason is named with step and service, several of one service with the service', () => {
  expect(
    say({ stuck: 31, held: [held('send mail', 'mailer', 31)], types: [type('order', 31)] }),
  ).toEqual({
    tone: 'bad',
    lead: '31 order flows are stuck.',
    rest: 'All wait for send mail by mailer, since 14:11.',
  });
  const both = [held('send mail', 'mailer', 24), held('send receipt', 'mailer', 7, 0, '14:09')];
  expect(
    say({ stuck: 31, held: both, types: [type('order', 24), type('refund', 7)] }),
  ).toMatchObject({
    lead: '31 flows are stuck.',
    rest: 'All wait for mailer, since 14:09.',
  });
  expect(
    say({
      stuck: 3,
      held: [held('a', 'x', 2), held('b', 'y', 1, 0, '09:00'), held('c', 'z', 0, 5)],
    }).rest,
  ).toBe('Most wait for a by x, since 14:11.');
  expect(say({ stuck: 2, held: [held('a', 'x', 1), held('b', 'y', 1)] }).rest).toBe(
    'They wait for different steps, such as a by x, since 14:11.',
  );
  expect(say({ stuck: 1, held: [held('a', '', 1)] })).toMatchObject({
    lead: '1 flow is stuck.',
    rest: 'It waits for a, since 14:11.',
  });
});

test('what is late is no alarm, and nothing stuck is said in three words', () => {
  expect(say({ late: 2, held: [held('a', 'x', 0, 2)] })).toMatchObject({
    tone: 'warn',
    lead: 'Nothing is stuck; 2 flows are late.',
  });
  expect(say({})).toEqual({ tone: 'ok', lead: 'Nothing is stuck.', rest: '' });
});

test('nothing is stuck is said with what it rests on, and what it does not cover', () => {
  const sure = { types: [type('order', 0), type('refund', 0)], started: 3240, silent: [] };
  expect(proofOf(sure, true)).toEqual({
    known: '2 flow types known well, 3,240 flows started',
    doubts: [],
  });
  const young = [1, 2, 3, 4].map((n) => type(`t${n}`, 0, true));
  const silent = [{ service: 'mailer', environment: '', lastSeenAt: '' }];
  const { known, doubts } = proofOf({ types: young, started: 1, silent }, false);
  expect(known).toBe('0 flow types known well, 1 flow started');
  expect(doubts).toHaveLength(3);
  expect(doubts[1]).toContain('4 flow types are young (t1, t2, t3 and 1 more)');
  expect(doubts[2]).toContain('mailer');
});
