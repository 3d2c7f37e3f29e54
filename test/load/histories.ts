import { createAgenda, type Agenda } from './agenda.ts';
import type { Lost, Pen, Sent, Work } from './pen.ts';
import type { FlowType, Message, Out, Step, Taker } from './processes.ts';

/** The truth about one simulated flow, with which the server's findings are compared. */
export interface Truth {
  type: FlowType;
  /** Number of undisturbed flows of the type that started before this one. */
  soundBefore: number;
  /** Share of the rarest branch that this flow took. */
  share: number;
  /**
   * Messages that were never consumed. `takenBefore` is the number of such messages that the
   * consumer had taken before.
   */
  untaken: { service: string; step: string; sentMs: number; takenBefore: number }[];
  /** True if the flow was delayed by an outage, even if it completed later. */
  held: boolean;
  beginning: 'whole' | 'lost' | 'late';
}

/**
 * An interval in which one consumer is disturbed. `down`: it takes no messages, and afterwards
 * takes a share of the backlog. `hung`: it takes messages but finishes them only after the
 * interval. `overloaded`: its delay grows and then shrinks. `slow`: it always takes a share of its
 * messages late.
 */
export interface Outage {
  kind: 'down' | 'hung' | 'overloaded' | 'slow';
  fromMs: number;
  toMs: number;
  /**
   * For `down`, the share of the backlog that is consumed afterwards; for `slow`, the share of
   * messages that are taken late.
   */
  drained: number;
  /** Time in which the backlog is worked off, ms; for `slow`, the delay of late messages. */
  drainMs: number;
}

/**
 * Maximum delay of an overloaded consumer, as a share of the interval. It is low enough that
 * messages are taken in the order in which they were sent.
 */
const OVERLOAD = 1 / 3;

export interface History {
  type: FlowType;
  /** Start of each flow, epoch ms in virtual time. */
  starts: readonly number[];
  outages: readonly Outage[];
}

/**
 * Simulates the flows of one type. The spans are written to `pen`, and the truth about each flow to
 * `truths`, by each trace id of the flow.
 */
export function play(pen: Pen, history: History, truths: Map<string, Truth>): Truth[] {
  const { type, outages } = history;
  const { manner, victim } = type;
  const agenda: Agenda = createAgenda();
  const taken = new Map<Taker, number>();
  const pending = new Map<Taker, Delivery[]>();
  const played: Truth[] = [];
  let sound = 0;

  const know = (flow: Flow, work: Work): Work => {
    truths.set(work.traceId, flow.truth);
    return work;
  };
  const during = (taker: Taker, atMs: number): Outage | undefined =>
    taker === victim.taker
      ? outages.find(({ fromMs, toMs }) => atMs >= fromMs && atMs < toMs)
      : undefined;
  const workOf = (flow: Flow, { service, name: step, workMs }: Step, fromMs: number) => ({
    ...{ service, step, fromMs, toMs: fromMs + pen.lognormal(workMs), flow: flow.attributes },
  });

  const deliver = (
    flow: Flow,
    message: Message,
    sent: Sent,
    extra: Partial<Delivery> = {},
  ): void => {
    for (const taker of message.takers) {
      if (taker.share !== undefined && pen.random() >= taker.share) continue;
      const waitMs = extra.waitMs ?? pen.lognormal(taker.waitMs);
      const delivery: Delivery = { flow, sent: [sent], ...extra, waitMs, taker };
      agenda.at(sent.atMs + waitMs, () => arrive(delivery, sent.atMs + waitMs));
    }
  };
  const arrive = (delivery: Delivery, atMs: number): void => {
    const { taker } = delivery;
    const outage = delivery.heldBefore ? undefined : during(taker, atMs);
    if (outage) return TROUBLES[outage.kind](delivery, outage, atMs);
    if (taker.batch === undefined) return perform(delivery, atMs);
    const waiting = pending.get(taker) ?? [];
    pending.set(taker, waiting);
    waiting.push(delivery);
    const { everyMs } = taker.batch;
    const pollMs = (Math.floor(atMs / everyMs) + 1) * everyMs;
    if (waiting.length === 1) agenda.at(pollMs, () => poll(taker, pollMs));
  };
  const hold = (delivery: Delivery, outage: Outage, atMs: number): void => {
    const { flow, taker, sent } = delivery;
    flow.truth.held = true;
    if (outage.toMs < Infinity && pen.random() < outage.drained) {
      const laterMs = Math.max(atMs, outage.toMs) + pen.random() * outage.drainMs;
      return takeLater(delivery, laterMs);
    }
    flow.truth.untaken.push({
      service: taker.step.service,
      step: taker.step.name,
      sentMs: sent[0]!.atMs,
      takenBefore: taken.get(taker) ?? 0,
    });
  };
  const takeLater = (delivery: Delivery, laterMs: number): void =>
    agenda.at(laterMs, () => arrive({ ...delivery, heldBefore: true }, laterMs));
  const hang = (delivery: Delivery, { toMs, drainMs }: Outage, atMs: number): void => {
    delivery.flow.truth.held = true;
    perform({ ...delivery, workMs: toMs - atMs + pen.random() * drainMs }, atMs);
  };
  const slowDown = (delivery: Delivery, { fromMs, toMs }: Outage, atMs: number): void => {
    delivery.flow.truth.held = true;
    const halfMs = (toMs - fromMs) / 2;
    takeLater(delivery, atMs + OVERLOAD * (halfMs - Math.abs(atMs - fromMs - halfMs)) * 2);
  };
  const takeSlowly = (delivery: Delivery, { drained, drainMs }: Outage, atMs: number): void =>
    takeLater(delivery, pen.random() < drained ? atMs + drainMs * pen.between(0.8, 1.2) : atMs);
  const TROUBLES = { down: hold, hung: hang, overloaded: slowDown, slow: takeSlowly };
  const poll = (taker: Taker, atMs: number): void => {
    const waiting = pending.get(taker) ?? [];
    pending.set(taker, []);
    const outage = during(taker, atMs);
    if (outage) {
      for (const delivery of waiting) hold(delivery, outage, atMs);
      return;
    }
    const { most, everyMs } = taker.batch!;
    const batch = waiting.splice(0, most);
    if (waiting.length > 0) {
      pending.set(taker, waiting);
      agenda.at(atMs + everyMs, () => poll(taker, atMs + everyMs));
    }
    taken.set(taker, (taken.get(taker) ?? 0) + batch.length);
    const { flow: _, ...work } = workOf(batch[0]!.flow, taker.step, atMs);
    pen.take(
      { ...manner, carries: 'link' },
      batch.flatMap(({ sent }) => sent),
      work,
      taker.queue,
    );
  };
  const perform = (delivery: Delivery, atMs: number): void => {
    const { flow, taker, sent } = delivery;
    taken.set(taker, (taken.get(taker) ?? 0) + 1);
    const plan = workOf(flow, taker.step, atMs);
    if (delivery.workMs !== undefined) plan.toMs = atMs + delivery.workMs;
    const work = know(flow, pen.take(manner, sent, plan, taker.queue));
    if (delivery.goesOn?.() !== false) goOn(flow, taker.step.out, work);
    if (delivery.done) agenda.at(work.toMs, () => delivery.done!(work));
  };
  const goOn = (flow: Flow, out: readonly Out[], work: Work, lost?: Lost): void => {
    for (const one of out) {
      if (one.kind === 'join') {
        join(flow, one, work, lost);
        continue;
      }
      let message: Message | null = null;
      if (one.kind === 'message') message = one.message;
      else if (one.kind === 'maybe') {
        const does = pen.random() < one.share;
        if (does) message = one.message;
        flow.truth.share = Math.min(flow.truth.share, does ? one.share : 1 - one.share);
      } else {
        let left = pen.random();
        const chosen = one.of.find(({ share }) => (left -= share) < 0) ?? one.of[0]!;
        message = chosen.message;
        flow.truth.share = Math.min(flow.truth.share, chosen.share);
      }
      if (message)
        deliver(flow, message, pen.send(manner, work, message.destination, work.toMs, lost));
    }
  };
  /**
   * Simulates branches that meet. Which one ends last is chosen first, and then the times are
   * chosen accordingly.
   */
  const join = (flow: Flow, one: Extract<Out, { kind: 'join' }>, work: Work, lost?: Lost): void => {
    let left = pen.random();
    const last = Math.max(
      0,
      one.lasts.findIndex((share) => (left -= share) < 0),
    );
    flow.truth.share = Math.min(flow.truth.share, one.lasts[last]!);
    const times = one.branches.map(({ takers: [taker] }) => ({
      waitMs: pen.lognormal(taker!.waitMs),
      workMs: pen.lognormal(taker!.step.workMs),
    }));
    const longest = Math.max(...times.map(({ waitMs, workMs }) => waitMs + workMs));
    times[last]!.waitMs = longest - times[last]!.workMs + pen.lognormal(200);
    const ended: Sent[] = [];
    let missing = one.branches.length;
    let untold = missing;
    const done = (branch: Work): void => {
      const ends = --missing === 0;
      if (one.meets === 'last-sends') {
        if (ends) goOn(flow, [{ kind: 'message', message: one.then }], branch);
        return;
      }
      ended.push(pen.send(manner, branch, one.then.destination, branch.toMs));
      // A collector takes the message of each branch, and the flow continues after the last one.
      if (one.meets === 'collected')
        deliver(flow, one.then, ended.at(-1)!, { goesOn: () => --untold === 0 });
      else if (ends) deliver(flow, one.then, ended.at(-1)!, { sent: ended });
    };
    one.branches.forEach((message, n) =>
      deliver(flow, message, pen.send(manner, work, message.destination, work.toMs, lost), {
        ...times[n],
        done,
      }),
    );
  };
  const begin = (atMs: number, number: number): void => {
    const { lost, late } = type.beginnings;
    const chance = pen.random();
    const beginning = chance < lost ? 'lost' : chance < lost + late ? 'late' : 'whole';
    const id = ['fermata.flow.id', `${type.name}-${number}-${Math.floor(pen.random() * 1e9)}`];
    const attributes = {
      'id-and-type': [...id, 'fermata.flow.type', type.name],
      id,
      nothing: [],
    }[type.says];
    const truth: Truth = {
      type,
      soundBefore: sound,
      share: 1,
      untaken: [],
      held: false,
      beginning,
    };
    const flow: Flow = { truth, attributes };
    played.push(truth);
    const arrival: Lost | undefined =
      beginning === 'whole'
        ? undefined
        : beginning === 'lost'
          ? 'lost'
          : { laterMs: pen.scaled(20_000, 600_000) };
    const work = know(flow, pen.request(manner, workOf(flow, type.root, atMs), arrival));
    goOn(flow, type.root.out, work, arrival);
    if (!outages.some(({ kind, fromMs, toMs }) => kind !== 'slow' && atMs >= fromMs && atMs < toMs))
      sound++;
  };
  history.starts.forEach((ms, number) => agenda.at(ms, () => begin(ms, number)));
  agenda.run();
  return played;
}

interface Flow {
  truth: Truth;
  attributes: readonly string[];
}

interface Delivery {
  flow: Flow;
  taker: Taker;
  sent: Sent[];
  waitMs: number;
  workMs?: number;
  /** True if the delivery was delayed by the outage already, so that it is not delayed again. */
  heldBefore?: true;
  /** Returns whether the flow continues after this delivery. */
  goesOn?(): boolean;
  done?(work: Work): void;
}
