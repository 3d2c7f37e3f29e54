import type { Manner, Pen } from './pen.ts';

/**
 * Describes simulated processes as data: which service sends what, and which consumes it. Times are
 * medians in virtual ms.
 */
export interface Step {
  name: string;
  service: string;
  workMs: number;
  out: Out[];
}

/** A subscription. It consumes all messages at its destination, or a random share of them. */
export interface Taker {
  step: Step;
  waitMs: number;
  /**
   * Name of the queue from which it reads: the destination itself, or a queue that is bound to it.
   */
  queue: string;
  share?: number;
  /** If set, it takes up to `most` waiting messages at once, every `everyMs` ms. */
  batch?: { most: number; everyMs: number };
}

export interface Message {
  destination: string;
  takers: Taker[];
}

export type Out =
  | { kind: 'message'; message: Message }
  | { kind: 'choice'; of: { share: number; message: Message }[] }
  | { kind: 'maybe'; share: number; message: Message }
  /** Branches that meet. `lasts` contains the probability for each branch to end last. */
  | { kind: 'join'; branches: Message[]; lasts: number[]; meets: Meeting; then: Message };

/**
 * How branches meet. `last-sends`: the branch that ends last sends the next message. `collected`:
 * each branch sends to a collector, which continues after the last message. `taken-together`: each
 * branch sends, and one delivery contains all their messages.
 */
export type Meeting = 'last-sends' | 'collected' | 'taken-together';

export type Kind = 'choice' | 'fan-out' | 'join' | 'messages' | 'batch' | 'optional' | 'beginning';

export interface FlowType {
  name: string;
  kind: Kind;
  manner: Manner;
  root: Step;
  /** The consumer that will fail, and the share of flows that need it. */
  victim: { taker: Taker; share: number };
  /** What the spans tell about their flow: id and type, the id only, or nothing. */
  says: 'id-and-type' | 'id' | 'nothing';
  /** Shares of flows whose first spans never arrive (`lost`) or arrive late. */
  beginnings: { lost: number; late: number };
}

/**
 * Kinds of flow types in the order in which types are made, so that even a few types cover all
 * kinds.
 */
const KINDS: readonly Kind[] = [
  'choice',
  'join',
  'fan-out',
  'choice',
  'batch',
  'optional',
  'choice',
  'messages',
  'beginning',
  'join',
];
const RARE: readonly number[] = [0.03, 0.005, 0.5, 0.01, 0.1, 0.02, 0.2, 0.05];
const LASTS: readonly number[] = [0.97, 0.5, 0.9, 0.75, 0.95, 0.6];
const WORDS = 'atlas birch cedar delta ember fjord grove harbor iris juniper kelp linden'.split(
  ' ',
);

/**
 * Returns the flow type with number `i`. The number decides its kind; everything else is random.
 */
export function flowType(i: number, pen: Pen): FlowType {
  const kind = KINDS[i % KINDS.length]!;
  const name = `${pen.pick(WORDS)}${i}`;
  const chance = (share: number): boolean => pen.random() < share;
  const manner: Manner = {
    system: pen.pick(['kafka', 'rabbitmq', 'aws_sqs']),
    carries: pen.pick(['link', 'parent']),
    named: chance(0.4),
    ids: chance(0.6),
  };
  let made = 0;
  const step = (label: string, out: Out[] = []): Step => ({
    name: `${label}-${name}`,
    service: `${name}-${label}${++made}`,
    workMs: pen.scaled(5, 800),
    out,
  });
  const slow = chance(0.25);
  const taker = (label: string, destination: string, out: Out[] = []): Taker => ({
    step: step(label, out),
    waitMs: pen.scaled(5, slow ? 20_000 : 1500),
    queue: manner.system === 'rabbitmq' ? `${destination}.${label}` : destination,
  });
  const message = (label: string, out: Out[] = []): Message => {
    const destination = `${name}.${label}`;
    return { destination, takers: [taker(label, destination, out)] };
  };
  const sends = (label: string, out: Out[] = []): Out => ({
    kind: 'message',
    message: message(label, out),
  });
  /** Returns a chain of `length` steps. */
  const chain = (label: string, length: number): Out[] =>
    length <= 0 ? [] : [sends(`${label}${length}`, chain(label, length - 1))];
  const some = (): number => Math.floor(pen.between(0, 2.99));

  const rare = RARE[Math.floor(i / KINDS.length + (i % KINDS.length) * 3) % RARE.length]!;
  const last = LASTS[(i + Math.floor(i / KINDS.length)) % LASTS.length]!;
  const beginnings = { lost: 0, late: 0 };

  const cores: Record<Kind, () => { out: Out[]; victim: FlowType['victim'] }> = {
    choice() {
      const others = Array.from({ length: Math.floor(pen.between(1, 4.99)) }, () =>
        pen.scaled(0.05, 1),
      );
      const sum = others.reduce((a, b) => a + b, 0);
      const shares = [rare, ...others.map((one) => (one / sum) * (1 - rare))];
      const common = chance(0.3) ? message('receipt') : null;
      const of = shares.map((share, branch) => ({
        share,
        message: message(
          `way${branch}`,
          common ? [{ kind: 'message', message: common }] : chain('then', some()),
        ),
      }));
      const down = chance(0.6) ? 0 : 1 + Math.floor(pen.random() * others.length);
      return {
        out: [{ kind: 'choice', of }],
        victim: { taker: of[down]!.message.takers[0]!, share: shares[down]! },
      };
    },
    optional() {
      const extra = message('extra');
      const out: Out[] = [
        sends('main', chain('then', some())),
        { kind: 'maybe', share: rare, message: extra },
      ];
      return { out, victim: { taker: extra.takers[0]!, share: rare } };
    },
    'fan-out'() {
      const destination = `${name}.event`;
      const takers = Array.from({ length: Math.floor(pen.between(2, 5.99)) }, (_, n) =>
        taker(`hears${n}`, destination, chance(0.4) ? chain(`on${n}`, 1) : []),
      );
      return {
        out: [{ kind: 'message', message: { destination, takers } }],
        victim: { taker: pen.pick(takers), share: 1 },
      };
    },
    messages() {
      const all = Array.from({ length: Math.floor(pen.between(2, 4.99)) }, (_, n) =>
        message(`part${n}`, chance(0.4) ? chain(`on${n}`, 1) : []),
      );
      return {
        out: all.map((one): Out => ({ kind: 'message', message: one })),
        victim: { taker: pen.pick(all).takers[0]!, share: 1 },
      };
    },
    join() {
      const branches = Array.from({ length: chance(0.7) ? 2 : 3 }, (_, n) => message(`branch${n}`));
      const lasts = branches.map((_, n) => (n === 0 ? last : (1 - last) / (branches.length - 1)));
      const then = message('met', chain('after', some()));
      const meets = pen.pick<Meeting>(['last-sends', 'collected', 'taken-together']);
      return {
        out: [{ kind: 'join', branches, lasts, meets, then }],
        victim: { taker: pen.pick([...branches, then]).takers[0]!, share: 1 },
      };
    },
    batch() {
      const batched = message('bulk');
      const taking = batched.takers[0]!;
      taking.batch = { most: Math.floor(pen.scaled(3, 60)), everyMs: pen.scaled(500, 10_000) };
      const out: Out[] = [
        { kind: 'message', message: batched },
        ...(chance(0.5) ? chain('beside', 1) : []),
      ];
      return { out, victim: { taker: taking, share: 1 } };
    },
    beginning() {
      beginnings.lost = pen.between(0.01, 0.04);
      beginnings.late = pen.between(0.01, 0.04);
      const end = message('end');
      return {
        out: [sends('middle', [{ kind: 'message', message: end }])],
        victim: { taker: end.takers[0]!, share: 1 },
      };
    },
  };
  const { out, victim } = cores[kind]();
  // In some types another consumer of the same service stays alive, so that the service is not
  // silent although the consumer is dead.
  const other = out.flatMap(takersOf).find((one) => one !== victim.taker);
  if (chance(0.3) && kind !== 'fan-out' && other) victim.taker.step.service = other.step.service;
  // These messages are consumed by no traced service, never or half of the time. The server must
  // not expect anything of them.
  if (chance(0.2))
    out.push({ kind: 'message', message: { destination: `${name}.audit`, takers: [] } });
  if (chance(0.15)) {
    const sampled = message('sampled');
    sampled.takers[0]!.share = 0.5;
    out.push({ kind: 'message', message: sampled });
  }
  const root = step('start', chance(0.4) && kind !== 'beginning' ? [sends('first', out)] : out);
  return {
    ...{ name, kind, manner, root, victim, beginnings },
    says:
      kind === 'beginning'
        ? pen.pick(['id-and-type', 'id', 'nothing'])
        : chance(0.2)
          ? 'id-and-type'
          : 'nothing',
  };
}

/** Returns the consumers of the messages that are sent there. */
function takersOf(out: Out): Taker[] {
  if (out.kind === 'choice') return out.of.flatMap(({ message }) => message.takers);
  if (out.kind === 'join') return out.branches.flatMap(({ takers }) => takers);
  return out.message.takers;
}
