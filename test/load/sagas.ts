import { createLab, type Flow, type OtlpSpan } from '@fermata/server/lab';
import { random } from './simulator.ts';

/**
 * Defects of the simulated sagas. Each saga fails at its last step and undoes its steps, correctly
 * or with one defect.
 */
export const DEFECTS = [
  'compensation-missing',
  'compensation-failed',
  'compensation-twice',
  'compensation-out-of-order',
  'compensation-of-undone-step',
  'late-reply-after-compensation',
] as const;
export type Defect = (typeof DEFECTS)[number];

export interface SagaScore {
  /** Number of defective sagas for which exactly the right defect was reported. */
  right: number;
  wrong: string[];
  falseAlarms: string[];
}

const FORWARD = [
  { step: 'ReserveStock', service: 'stock', undo: 'ReleaseStock' },
  { step: 'ChargeCard', service: 'payment', undo: 'RefundCard' },
  { step: 'BookCourier', service: 'shipping', undo: 'CancelCourier' },
];

export async function playSagas(seed: number, sound: number, each: number): Promise<SagaScore> {
  const roll = random(seed);
  const startMs = 1_794_000_000_000;
  const hex = (digits: number): string =>
    Array.from({ length: digits / 8 }, () =>
      Math.floor(roll() * 2 ** 32)
        .toString(16)
        .padStart(8, '0'),
    ).join('');
  const kinds: (Defect | null)[] = [
    ...Array.from({ length: sound }, () => null),
    ...DEFECTS.flatMap((defect) => Array.from({ length: each }, () => defect)),
  ];
  for (let i = kinds.length - 1; i > 0; i--) {
    const j = Math.floor(roll() * (i + 1));
    [kinds[i], kinds[j]] = [kinds[j]!, kinds[i]!];
  }
  const said = new Map<string, Set<string>>();
  const lab = await createLab({
    startMs,
    onFlow(flow: Flow) {
      const rules = flow.findings.map(({ rule }) => rule).filter((rule) => rule !== 'failed-step');
      said.set(flow.key, new Set(rules));
    },
  });
  let at = startMs;
  for (const [i, defect] of kinds.entries()) {
    const spans = saga(`saga-${i}`, at, defect);
    await lab.deliver(spans);
    at += 5000;
    await lab.advance(5000);
  }
  for (let i = 0; i < 60; i++) await lab.advance(10_000);
  await lab.stop();

  let right = 0;
  const wrong: string[] = [];
  const falseAlarms: string[] = [];
  kinds.forEach((defect, i) => {
    const rules = [...(said.get(`saga-${i}`) ?? [])].sort();
    if (defect === null) {
      if (rules.length > 0) falseAlarms.push(`saga-${i}: ${rules.join()}`);
    } else if (rules.length === 1 && rules[0] === defect) right++;
    else wrong.push(`${defect} (saga-${i}): ${rules.join() || 'nothing'}`);
  });
  return { right: right / Math.max(1, each * DEFECTS.length), wrong, falseAlarms };

  function saga(id: string, from: number, defect: Defect | null): OtlpSpan[] {
    const spans: OtlpSpan[] = [];
    const traceId = hex(32);
    let clock = from;
    const victim = FORWARD[Math.floor(roll() * FORWARD.length)]!;
    const emit = (
      name: string,
      service: string,
      fields: { undoes?: string; failed?: boolean; end?: number } = {},
    ): void => {
      const start = clock;
      clock += 20 + roll() * 200;
      const end = fields.end ?? clock;
      const nanos = (ms: number): OtlpSpan['start'] =>
        (BigInt(Math.round(ms * 1000)) * 1000n) as OtlpSpan['start'];
      spans.push({
        resource: { attributes: ['service.name', service] },
        scopeName: 'sagas',
        traceId,
        spanId: hex(16),
        parentSpanId: spans[0]?.spanId ?? '',
        traceState: '',
        flags: 0x101,
        name,
        kind: 1,
        start: nanos(start),
        end: nanos(end),
        attributes: [
          'fermata.flow.id',
          id,
          'fermata.flow.type',
          'trip',
          'fermata.step.name',
          name,
          ...(fields.undoes ? ['fermata.step.compensates', fields.undoes] : []),
          ...(fields.failed ? ['fermata.step.result', 'failure'] : []),
        ],
        events: [],
        links: [],
        statusCode: fields.failed ? 2 : 0,
        statusMessage: '',
      });
    };
    emit('StartTrip', 'trips');
    const late = defect === 'late-reply-after-compensation' ? victim : null;
    // The last step, PayPartner, fails. It was never done, so undoing it is one of the defects.
    for (const { step, service } of FORWARD)
      emit(step, service, step === late?.step ? { end: clock + 60_000 } : {});
    emit('PayPartner', 'partners', { failed: true });
    let undos = [...FORWARD].reverse();
    if (defect === 'compensation-missing') undos = undos.filter((one) => one !== victim);
    if (defect === 'compensation-out-of-order') undos = [undos[1]!, undos[0]!, undos[2]!];
    for (const one of undos) {
      emit(one.undo, one.service, {
        undoes: one.step,
        failed: defect === 'compensation-failed' && one === victim,
      });
      if (defect === 'compensation-twice' && one === victim)
        emit(one.undo, one.service, { undoes: one.step });
    }
    if (defect === 'compensation-of-undone-step')
      emit('UndoPayment', 'partners', { undoes: roll() < 0.5 ? 'PayPartner' : 'InsureTrip' });
    return spans;
  }
}
