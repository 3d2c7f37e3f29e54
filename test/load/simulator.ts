import type { OtlpSpan } from '@fermata/server/lab';
import type { Next, Node, Shape } from './shapes.ts';

/**
 * Simulates flows in virtual time as OpenTelemetry spans, from a seed. Each step has its own trace,
 * joined by span links; there are no flow ids and no definition. It records which flows are really
 * stuck, at which step and since when.
 */
export interface Simulated {
  /** Spans with the time of their arrival, in order of arrival. */
  arrivals: { atMs: number; span: OtlpSpan }[];
  stalls: Map<string, Stall>;
  /** Trace id of the first step of every flow. */
  flows: string[];
  /** Delay of each flow by the outage, ms, by the trace id of its first step. */
  held: Map<string, number>;
}

export interface Stall {
  shape: string;
  /**
   * Names of steps, each of which is a right answer. An exclusive choice has several possible next
   * steps.
   */
  missing: string[];
  /** Start of the step after which nothing came, epoch ms in virtual time. */
  sinceMs: number;
}

export interface Simulation {
  seed: number;
  shapes: readonly Shape[];
  flows: number;
  stalls: number;
  startMs: number;
  /** Time over which the starts of flows are spread evenly, ms. */
  overMs: number;
  /** Share of the flows that come before the first stall. Default: 0. */
  stallsFrom?: number;
  /** Maximum offset of a service's clock, ms. */
  skewMs?: number;
  version?: string;
  /**
   * A service that performs no step in this interval, and afterwards all steps that were waiting,
   * within `drainMs` ms.
   */
  outage?: { service: string; fromMs: number; toMs: number; drainMs: number };
}

/** Returns a seeded random number generator (Mulberry32). */
export function random(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/** Maximum time between the end of a span and its arrival, ms. */
const EXPORT_MS = 5000;

export function simulate(options: Simulation): Simulated {
  const next = random(options.seed);
  const arrivals: Simulated['arrivals'] = [];
  const stalls: Simulated['stalls'] = new Map();
  const flows: string[] = [];
  const held: Simulated['held'] = new Map();
  const skews = new Map<string, number>();
  const skewOf = (service: string): number => {
    let skew = skews.get(service);
    if (skew === undefined) skews.set(service, (skew = (next() * 2 - 1) * (options.skewMs ?? 0)));
    return skew;
  };
  const hex = (digits: number): string =>
    Array.from({ length: digits / 8 }, () =>
      Math.floor(next() * 2 ** 32)
        .toString(16)
        .padStart(8, '0'),
    ).join('');
  const lognormal = (median: number): number => {
    if (median === 0) return 0;
    const normal = Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next());
    return median * Math.exp(0.5 * normal);
  };
  const stalled = new Set<number>();
  const first = Math.floor((options.stallsFrom ?? 0) * options.flows);
  while (stalled.size < options.stalls)
    stalled.add(first + Math.floor(next() * (options.flows - first)));

  for (let i = 0; i < options.flows; i++) {
    const shape = options.shapes[i % options.shapes.length]!;
    oneFlow(shape, options.startMs + (options.overMs * i) / options.flows, stalled.has(i));
  }
  arrivals.sort((a, b) => a.atMs - b.atMs);
  return { arrivals, stalls, flows, held };

  function oneFlow(shape: Shape, startMs: number, stalls_: boolean): void {
    /**
     * Seed of the flow. A flow that is to stall runs twice from it: a dry run counts its edges, and
     * the real run cuts one of them.
     */
    const seedState = Math.floor(next() * 2 ** 32);
    let edges = 0;
    const cutAt = stalls_ ? next() : -1;
    let cut = -1;
    let root = '';
    for (const dry of stalls_ ? [true, false] : [false]) {
      const roll = random(seedState);
      if (!dry && stalls_) cut = Math.floor(cutAt * edges);
      edges = 0;
      run(dry, roll);
    }
    flows.push(root);

    function run(dry: boolean, roll: () => number): void {
      const perform = (node: Node, atMs: number, causes: Sent[]): Sent => {
        const traceId = dry ? '' : hex(32);
        if (!dry && root === '') root = traceId;
        const at = atMs;
        const end = at + (dry ? 1 : lognormal(node.work));
        const spanId = dry ? '' : hex(16);
        const sendId = dry ? '' : hex(16);
        if (!dry) {
          const kids = node.next !== undefined || causes.length > 0;
          emit(node, {
            traceId,
            spanId,
            parent: '',
            kind: causes.length > 0 ? 5 : 2,
            from: at,
            to: end,
            links: causes,
          });
          if (kids)
            emit(node, {
              traceId,
              spanId: sendId,
              parent: spanId,
              kind: 4,
              from: end - 1,
              to: end,
              links: [],
            });
        }
        const sent: Sent = { traceId, spanId: sendId, parent: spanId, atMs: end, startMs: at };
        if (node.next) follow(node, node.next, sent);
        return sent;
      };
      /** Sends one more message from the step that sent `first`. */
      const sendAnother = (node: Node, first: Sent): Sent => {
        const spanId = dry ? '' : hex(16);
        const { traceId, atMs } = first;
        const span = {
          traceId,
          spanId,
          parent: first.parent,
          kind: 4,
          from: atMs - 1,
          to: atMs,
          links: [],
        };
        if (!dry) emit(node, span);
        return { ...first, spanId };
      };
      /** Returns whether this edge is the one to cut, and records the stall if so. */
      const isCut = (missing: string[], since: Sent): boolean => {
        const mine = edges++;
        if (dry || mine !== cut) return false;
        stalls.set(root, { shape: shape.name, missing, sinceMs: since.startMs });
        return true;
      };
      const waitFor = (node: Node, from: Sent): number => {
        const at = from.atMs + (dry ? 1 : lognormal(node.wait));
        const { outage } = options;
        const isDown =
          outage !== undefined &&
          node.service === outage.service &&
          at >= outage.fromMs &&
          at < outage.toMs;
        if (!isDown) return at;
        const later = outage.toMs + next() * outage.drainMs;
        held.set(root, later - from.startMs);
        return later;
      };
      /**
       * Performs the step `join` after all branches are done. It is not performed if a branch is
       * missing.
       */
      const meet = (done: readonly (Sent | null)[], join: Node | undefined): void => {
        if (!join || done.includes(null)) return;
        const last = (done as Sent[]).reduce((a, b) => (b.atMs > a.atMs ? b : a));
        if (!isCut([join.step], last)) perform(join, waitFor(join, last), [last]);
      };
      const follow = (from: Node, following: Next, sent: Sent): void => {
        if ('all' in following) {
          const done = following.all.map((node) =>
            isCut([node.step], sent) ? null : perform(node, waitFor(node, sent), [sent]),
          );
          meet(done, following.join);
        } else if ('one' in following) {
          let left = roll();
          const chosen =
            following.one.find(({ share }) => (left -= share) < 0) ?? following.one[0]!;
          if (
            !isCut(
              following.one.map(({ node }) => node.step),
              sent,
            )
          )
            perform(chosen.node, waitFor(chosen.node, sent), [sent]);
        } else if ('some' in following) {
          for (const { share, node } of following.some)
            if (roll() < share) perform(node, waitFor(node, sent), [sent]);
        } else if ('parts' in following) {
          const [least, most] = following.parts;
          const count = least + Math.floor(roll() * (most - least + 1));
          const done: (Sent | null)[] = [];
          for (let i = 0; i < count; i++) {
            const part = i === 0 ? sent : sendAnother(from, sent);
            done.push(
              isCut([following.node.step], part)
                ? null
                : perform(following.node, waitFor(following.node, part), [part]),
            );
          }
          meet(done, following.join);
        } else if ('times' in following) {
          const [least, most] = following.times;
          const count = least + Math.floor(roll() * (most - least + 1));
          const done = Array.from({ length: count }, () =>
            perform(following.node, waitFor(following.node, sent), [sent]),
          );
          meet(done, following.join);
        } else {
          const [least, most] = following.loop;
          const rounds = least + Math.floor(roll() * (most - least + 1));
          let before = sent;
          for (let round = 0; round < rounds; round++) {
            const names =
              round === 0 ? [following.node.step] : [following.node.step, following.then.step];
            if (isCut(names, before)) return;
            before = perform(following.node, waitFor(following.node, before), [before]);
          }
          if (!isCut([following.node.step, following.then.step], before))
            perform(following.then, waitFor(following.then, before), [before]);
        }
      };
      perform(shape.root, startMs, []);
    }
  }

  function emit(
    node: Node,
    span: {
      traceId: string;
      spanId: string;
      parent: string;
      kind: number;
      from: number;
      to: number;
      links: Sent[];
    },
  ): void {
    const skew = skewOf(node.service);
    const nanos = (ms: number): OtlpSpan['start'] =>
      (BigInt(Math.round((ms + skew) * 1000)) * 1000n) as OtlpSpan['start'];
    const messaging =
      span.kind === 2
        ? ['http.request.method', 'POST', 'http.route', `/${node.step}`]
        : [
            'messaging.system',
            'rabbitmq',
            'messaging.operation.type',
            span.kind === 4 ? 'send' : 'process',
            'messaging.destination.name',
            span.kind === 4 ? `${node.step}.done` : node.step,
          ];
    arrivals.push({
      atMs: span.to + 200 + next() * EXPORT_MS,
      span: {
        resource: {
          attributes: ['service.name', node.service, 'service.version', options.version ?? '1.0.0'],
        },
        scopeName: 'simulator',
        traceId: span.traceId,
        spanId: span.spanId,
        parentSpanId: span.parent,
        traceState: '',
        flags: 0x101,
        name: node.step,
        kind: span.kind,
        start: nanos(span.from),
        end: nanos(span.to),
        attributes: [...messaging, 'fermata.step.name', span.kind === 4 ? '' : node.step],
        events: [],
        links: span.links.map((link) => ({
          traceId: link.traceId,
          spanId: link.spanId,
          attributes: [],
        })),
        statusCode: 0,
        statusMessage: '',
      },
    });
  }
}

interface Sent {
  traceId: string;
  spanId: string;
  /** Id of the span in which the message was sent. */
  parent: string;
  atMs: number;
  startMs: number;
}
