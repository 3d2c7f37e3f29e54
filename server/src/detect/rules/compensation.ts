import { groupedBy } from '../../base/lists.ts';
import { readUndoPair, type UndoDuties } from '../../model/duties.ts';
import type { Flow, Step } from '../../model/flow.ts';
import { msOf } from '../../model/time.ts';
import type { Rule, FindingDraft } from '../rule.ts';

/**
 * A forward step with the steps that undid it, or tried to. A compensating step belongs to the
 * forward step that it names by id or by name. Only the `undos` that succeeded count as undoings.
 */
interface CompensatedStep {
  step: Step;
  undos: Step[];
}
interface CompensationLedger {
  /** Forward steps with the steps that undid them, in the order of the flow. */
  done: CompensatedStep[];
  /** Compensating steps that name a forward step which never happened. */
  ofNothing: Step[];
}

const isUndo = (step: Step): boolean => step.compensates !== null;
const succeeded = (step: Step): boolean => step.status === 'ok' || step.status === 'retried';
/**
 * Returns whether the step timed out, so that it is unknown if the step was done. Undoing such a
 * step is allowed, and required.
 */
const inDoubt = (step: Step): boolean => step.result === 'timeout';

/** Caches the ledger of each flow, because every rule about compensation needs the same ledger. */
const ledgers = new WeakMap<Flow, CompensationLedger>();

function ledgerOf(flow: Flow): CompensationLedger {
  let ledger = ledgers.get(flow);
  if (ledger === undefined) ledgers.set(flow, (ledger = accountOf(flow)));
  return ledger;
}

function accountOf(flow: Flow): CompensationLedger {
  const done = flow.steps
    .filter((step) => !isUndo(step))
    .map((step): CompensatedStep => ({ step, undos: [] }));
  const byId = new Map(done.map((entry) => [entry.step.id, entry]));
  const byName = groupedBy(done, ({ step }) => step.name);
  /**
   * Steps by their name, in the order of the flow. All steps that are not undone yet are among
   * them. Steps that are undone are removed from the end.
   */
  const left = new Map<string, CompensatedStep[]>();
  const undone = new Set<CompensatedStep>();
  const ofNothing: Step[] = [];
  for (const undo of flow.steps.filter(isUndo)) {
    const name = undo.compensates!;
    const named = byName.get(name);
    // If several steps have this name, each undoing belongs to the newest one that is not undone
    // yet.
    let open = left.get(name);
    if (open === undefined) left.set(name, (open = named?.slice() ?? []));
    while (open.length > 0 && undone.has(open[open.length - 1]!)) open.pop();
    const target = byId.get(name) ?? open[open.length - 1] ?? named?.[named.length - 1];
    if (target) {
      target.undos.push(undo);
      if (succeeded(undo)) undone.add(target);
    } else ofNothing.push(undo);
  }
  return { done, ofNothing };
}

const draftOf = (
  step: Step,
  summary: string,
  about = step.id,
  evidence = [step.id],
): FindingDraft => ({
  about,
  stepId: step.id,
  step: step.name,
  service: step.service,
  place: null,
  since: msOf(step.end ?? step.start),
  summary,
  evidence,
});

/**
 * Symptom: an undoing failed for good. Who cares: the operator who has to repair the data by hand.
 * False alarms: an undoing that is retried later under another message.
 */
export const compensationFailed: Rule = {
  name: 'compensation-failed',
  severity: 'critical',
  inspect: (flow) =>
    ledgerOf(flow).done.flatMap(({ step, undos }) =>
      undos.length === 0 || undos.some((undo) => undo.status !== 'failed')
        ? []
        : [
            draftOf(
              undos[undos.length - 1]!,
              `${undos[0]!.name} failed: ${step.name} is not undone`,
            ),
          ],
    ),
};

/**
 * Symptom: a step was undone twice, as when a refund is paid twice. Who cares: accounting. False
 * alarms: an idempotent compensating step, whose second run changes nothing.
 */
export const compensationTwice: Rule = {
  name: 'compensation-twice',
  severity: 'critical',
  inspect: (flow) =>
    ledgerOf(flow).done.flatMap(({ step, undos }) => {
      const good = undos.filter(succeeded);
      return good.length < 2
        ? []
        : [
            draftOf(
              good[1]!,
              `${step.name} was undone ${good.length} times`,
              step.id,
              good.map((undo) => undo.id),
            ),
          ];
    }),
};

/**
 * Symptom: a step that never succeeded was undone. Who cares: accounting. A step that timed out, or
 * was lost, may have been done after all, so undoing that step is right. False alarms: a forward
 * step whose spans were sampled away.
 */
export const compensationOfUndoneStep: Rule = {
  name: 'compensation-of-undone-step',
  severity: 'critical',
  inspect(flow) {
    const { done, ofNothing } = ledgerOf(flow);
    return [
      ...ofNothing.map((undo) =>
        draftOf(undo, `${undo.name} undoes ${undo.compensates}, which never happened`),
      ),
      ...done.flatMap(({ step, undos }) =>
        step.status === 'failed' && !inDoubt(step) && undos.some(succeeded)
          ? [
              draftOf(
                undos.find(succeeded)!,
                `${undos[0]!.name} undoes ${step.name}, which had failed`,
              ),
            ]
          : [],
      ),
    ];
  },
};

/**
 * Symptom: a step finished after it had been undone, as when money is taken after the refund. Who
 * cares: accounting. False alarms: clock skew that causality does not correct.
 */
export const lateReplyAfterCompensation: Rule = {
  name: 'late-reply-after-compensation',
  severity: 'critical',
  inspect: (flow) =>
    ledgerOf(flow).done.flatMap(({ step, undos }) => {
      const undone = undos.find(succeeded);
      return undone &&
        step.end !== null &&
        undone.end !== null &&
        succeeded(step) &&
        step.end > undone.end
        ? [
            draftOf(step, `${step.name} finished after ${undone.name} had undone it`, step.id, [
              step.id,
              undone.id,
            ]),
          ]
        : [];
    }),
};

/** Returns whether the step never ended, so that nobody knows if it was done. */
const isLost = ({ status }: Step): boolean => status === 'running';
/**
 * Returns whether a step that never ended was done again later, and that was undone. If a process
 * dies in a step, the redelivered message does it once more: both are one piece of work. Without
 * this rule a restart in the wrong moment would wake somebody for money that was given back.
 */
const isUndoneByRepetition = (step: Step, done: readonly CompensatedStep[]): boolean =>
  isLost(step) &&
  done.some(
    ({ step: other, undos }) =>
      other.name === step.name &&
      other.service === step.service &&
      other.start > step.start &&
      undos.some(succeeded),
  );

/**
 * Symptom: the flow failed, or began to undo steps, and then a step was not undone although it had
 * to be. Who cares: the team that holds the stock, the money, the seat. False alarms: none while
 * undoing still goes on, because the rule waits until the flow is idle.
 */
export function compensationMissing(duties: UndoDuties): Rule {
  return {
    name: 'compensation-missing',
    severity: 'critical',
    inspect(flow) {
      const { done } = ledgerOf(flow);
      const began = done.some(({ undos }) => undos.length > 0);
      const failed =
        flow.outcome === 'failed' || flow.outcome === 'compensated' || flow.outcome === 'timed_out';
      if (!began && !failed) return [];
      return done
        .filter(
          ({ step, undos }) =>
            undos.length === 0 &&
            (step.status !== 'failed' || inDoubt(step)) &&
            duties.owed.has(step.name) &&
            !isUndoneByRepetition(step, done),
        )
        .map(({ step }) => {
          const was =
            isLost(step) || inDoubt(step) ? 'may have been done, and was' : 'was done and';
          return draftOf(step, `${step.name} ${was} never undone`);
        });
    },
  };
}

/**
 * Symptom: steps were undone in another order than the required one. Who cares: the team that
 * declared the order.
 */
export function compensationOutOfOrder(duties: UndoDuties): Rule {
  return {
    name: 'compensation-out-of-order',
    severity: 'warning',
    inspect(flow) {
      const undone = ledgerOf(flow)
        .done.flatMap(({ step, undos }) => {
          const undo = undos.find(succeeded);
          return undo ? [{ step, undo }] : [];
        })
        .sort((a, b) => (a.undo.start < b.undo.start ? -1 : 1));
      const places = groupedBy(undone.keys(), (at) => undone[at]!.step.name);
      let [first, then] = [Infinity, Infinity];
      for (const pair of duties.order) {
        const [before, after] = readUndoPair(pair);
        const at = places.get(after)?.[0] ?? Infinity;
        const next = places.get(before)?.find((place) => place > at) ?? Infinity;
        if (next < Infinity && (at < first || (at === first && next < then)))
          [first, then] = [at, next];
      }
      if (first === Infinity) return [];
      const [earlier, later] = [undone[first]!, undone[then]!];
      return [
        draftOf(
          earlier.undo,
          `${earlier.step.name} was undone before ${later.step.name}`,
          `${earlier.undo.id}<${later.undo.id}`,
          [earlier.undo.id, later.undo.id],
        ),
      ];
    },
  };
}
