import { describe, expect, test } from 'vitest';
import type { WaitingFor } from '../../model/expectation.ts';
import type { Flow } from '../../model/flow.ts';
import { classifyAbsences } from './absence-classifier.ts';

type Part = [id: string, service: string, kind: string];
type Hop = [from: string, to: string | null, kind: string];
const flow = (steps: Part[], hops: Hop[]): Flow =>
  ({
    steps: steps.map(([id, service, kind], i) => ({
      id,
      service,
      kind,
      status: 'ok',
      start: BigInt(i),
    })),
    hops: hops.map(([from, to, kind], i) => ({
      id: `h${i}`,
      from,
      to,
      sync: false,
      state: to === null ? 'waiting' : 'delivered',
      message: { kind, destination: 'q' },
    })),
  }) as unknown as Flow;
const absence = (of: Flow, over: Partial<WaitingFor>): [string, string | null] => {
  const [one] = classifyAbsences(
    [
      {
        absence: 'missing-step',
        service: null,
        message: null,
        hopId: null,
        afterStepId: null,
        ...over,
      } as WaitingFor,
    ],
    of,
  );
  return [one!.absence, one!.service];
};

const START: Part = ['1', 'conductor', 'request'];
const ASKED: Part = ['2', 'worker', 'command'];
const HEARD: Part = ['3', 'conductor', 'reply'];

describe('who is to blame', () => {
  test('a command that was taken and not answered: the one who took it', () => {
    const two = flow(
      [START, ASKED, HEARD, ['4', 'third', 'command']],
      [
        ['1', '2', 'command'],
        ['2', '3', 'reply'],
        ['3', '4', 'command'],
      ],
    );
    expect(absence(two, { afterStepId: '4', service: 'conductor' })).toEqual([
      'missing-reply',
      'third',
    ]);
  });
  test('an answer that was taken, and nothing came of it: the conductor', () => {
    const stopped = flow(
      [START, ASKED, HEARD],
      [
        ['1', '2', 'command'],
        ['2', '3', 'reply'],
      ],
    );
    expect(absence(stopped, { afterStepId: '2', service: 'deployer' })).toEqual([
      'orchestrator-silent',
      'conductor',
    ]);
    expect(absence(stopped, { afterStepId: '2' })).toEqual(['orchestrator-silent', 'conductor']);
  });
  test('an answer that nobody takes: the conductor', () => {
    const deaf = flow(
      [START, ASKED, HEARD, ['4', 'third', 'command']],
      [
        ['1', '2', 'command'],
        ['2', '3', 'reply'],
        ['3', '4', 'command'],
        ['4', null, 'reply'],
      ],
    );
    expect(
      absence(deaf, { afterStepId: '4', hopId: 'h3', absence: 'undelivered-message' }),
    ).toEqual(['orchestrator-silent', 'conductor']);
  });
  test('a command that nobody takes: nobody takes it', () => {
    const down = flow(
      [START, ASKED, HEARD],
      [
        ['1', '2', 'command'],
        ['2', '3', 'reply'],
        ['3', null, 'command'],
      ],
    );
    expect(
      absence(down, {
        afterStepId: '3',
        hopId: 'h2',
        service: 'third',
        absence: 'undelivered-message',
      }),
    ).toEqual(['undelivered-message', 'third']);
  });
  test('while another answer is awaited the conductor may be silent', () => {
    const waits = flow(
      [START, ASKED, ['5', 'other', 'command'], HEARD],
      [
        ['1', '2', 'command'],
        ['1', '5', 'command'],
        ['2', '3', 'reply'],
      ],
    );
    expect(absence(waits, { afterStepId: '1', service: 'third' })).toEqual([
      'missing-step',
      'third',
    ]);
  });
  test('an event that others took: the consumer', () => {
    const told = flow(
      [
        ['1', 'shop', 'request'],
        ['2', 'mail', 'event'],
      ],
      [['1', '2', 'event']],
    );
    expect(absence(told, { afterStepId: '1', service: 'ship', message: 'q' })).toEqual([
      'consumer-gone',
      'ship',
    ]);
    expect(absence(told, { afterStepId: '2', service: 'ship', message: 'q' })).toEqual([
      'missing-step',
      'ship',
    ]);
  });
});
