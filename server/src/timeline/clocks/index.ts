import { groupedBy } from '../../base/lists.ts';
import type { Service, Span } from '../../model/span.ts';
import { leastOf, nothingSeen, see, WINDOW_MS, type Least } from './bounds.ts';
import { MAX_LAG_NS, wrongClocks, type LeastWait } from './wrong-clocks.ts';

/**
 * Whose clock is wrong, and by how much: learned from all flows of a process. A clock belongs to a
 * process, not to a span.
 *
 * What is learned is told in whole cells, with the time from which on it holds: a timeline is a
 * function of its spans and of what is told. Whatever is told anew is in what `revise` returns, so
 * that flows which were projected without it are projected again.
 */
export interface Clocks extends KnownClocks {
  /** Spans as they arrive. */
  observe(spans: readonly Span[]): void;
  /** Judges what was seen since; gives the clocks of which something new is told. */
  revise(): ReadonlySet<string>;
  /** When `revise` has something to do; Infinity: nothing speaks against anybody. */
  readonly dueAtMs: number;
  /** Who is wrong now, the furthest first. */
  wrong(): WrongClock[];
  /** Processes of which something is known. */
  readonly senders: number;
  /** This server's own clock is behind those of most senders. */
  readonly serverBehindMs: number;
  /** As text, for the store; null: nothing new. */
  takeChanged(): string | null;
  load(stored: string): void;
}

/** What a timeline asks of clocks, and tells of them. */
export interface KnownClocks {
  /** By how much the span's clock was ahead when the span came here, ns; below 0: behind. */
  aheadNs(span: Span): bigint;
  /** Of two processes' clocks, what the second took seems to have taken so long. */
  waited(from: Span, to: Span, ns: bigint): void;
}

/** Nobody is known to be wrong. */
export const RIGHT_CLOCKS: KnownClocks = { aheadNs: () => 0n, waited: () => undefined };

export interface WrongClock {
  environment: string;
  service: string;
  instance: string;
  /** Below 0: behind. */
  aheadMs: number;
}

export interface ClocksOptions {
  now(): number;
  /** Something is told of this clock for the first time, or it is right again (`aheadMs` 0). */
  onVerdict(clock: WrongClock): void;
}

/** How far ahead a clock is for spans that were received from then on. */
interface Epoch {
  fromMs: number;
  aheadNs: number;
}

interface Sender {
  readonly key: string;
  readonly service: Service;
  /** What its spans took at least to come here, ns. */
  lag: Least;
  /** What its messages to others seem to take at least, ns. */
  waits: Map<Sender, Least>;
  /** Oldest first; empty for those that were always right. */
  epochs: Epoch[];
  isGone: boolean;
}

/** Told in whole cells, so that what is seen a little better changes nothing … */
const CELL_NS = 25_000_000;
/** … and not below this: each flow mends by itself what clocks of one network differ by. */
const MIN_NS = 100_000_000;
/** What was told and turns out to be less is told anew below this share of it. */
const STILL_TRUE = 0.75;
const MAX_SENDERS = 10_000;
const MAX_PARTNERS = 100;
const MAX_PAIRS = 20_000;
const MAX_EPOCHS = 8;
/**
 * So many judgements come at once; then follows a pause, as long as there are many to be judged.
 */
const BURST = 3;
const pauseMs = (senders: number): number => Math.min(1000, Math.max(20, senders / 10));

/** A clock is its process's; where nobody says which, its host's and service's. */
export function clockOf(service: Service): string {
  let key = keys.get(service);
  if (key === undefined) {
    const { environment, name, instance, host = '' } = service;
    keys.set(service, (key = [environment, name, instance || `@${host}`].join('\0')));
  }
  return key;
}
const keys = new WeakMap<Service, string>();

/** Several processes may share this name: what is known of one of them is not known of all. */
export const isAnybody = ({ instance, host = '' }: Service): boolean =>
  instance === '' && host === '';

export function createClocks(options: ClocksOptions): Clocks {
  const now = (): number => options.now();
  const senders = new Map<string, Sender>();
  const bySpan = new WeakMap<Service, Sender>();
  let pairs = 0;
  let wrongOnes = 0;
  let serverBehindNs = 0;
  /** Somebody is wrong, or seems to be; where nobody is, nothing is judged. */
  let isSuspicious = false;
  let isDirty = false;
  let isChanged = false;
  let pausedUntilMs = 0;
  let left = BURST;

  const add = (key: string, service: Service): Sender => {
    const sender: Sender = {
      key,
      service,
      lag: nothingSeen(),
      waits: new Map(),
      epochs: [],
      isGone: false,
    };
    senders.set(key, sender);
    if (senders.size > MAX_SENDERS) forget(senders.values().next().value!);
    return sender;
  };
  const forget = (sender: Sender): void => {
    senders.delete(sender.key);
    sender.isGone = true;
    pairs -= sender.waits.size;
    sender.waits.clear();
    if (sender.epochs.length > 0) wrongOnes--;
  };
  const senderOf = (service: Service): Sender => {
    let sender = bySpan.get(service);
    if (sender === undefined || sender.isGone) {
      const key = clockOf(service);
      sender = senders.get(key) ?? add(key, service);
      bySpan.set(service, sender);
    }
    return sender;
  };
  /** Gives whether a new window begins: what is known may have become less, too. */
  const seen = (least: Least, ns: number, atMs: number): boolean => {
    const nowMs = now();
    const before = leastOf(least, nowMs);
    const isNew = see(least, ns, atMs, nowMs);
    if (ns <= -MIN_NS) isSuspicious = true;
    if (isSuspicious && (isNew || ns < before)) isDirty = true;
    return isNew;
  };
  const told = ({ epochs }: Sender): number => epochs.at(-1)?.aheadNs ?? 0;

  /** What is told from now on, if it is news. What was told of long ago stays told of then. */
  const tell = (sender: Sender, ns: number): boolean => {
    const cell = cellOf(ns);
    const before = told(sender);
    if (cell === before) return false;
    const last = sender.epochs.at(-1);
    if (last === undefined) wrongOnes++;
    if (last !== undefined && last.fromMs >= now() - 2 * WINDOW_MS) last.aheadNs = cell;
    else {
      const isLess = cell * before > 0 && Math.abs(cell) < Math.abs(before);
      if (isLess && Math.abs(cell) >= STILL_TRUE * Math.abs(before)) return false;
      sender.epochs.push({ fromMs: now() - WINDOW_MS, aheadNs: cell });
      if (sender.epochs.length > MAX_EPOCHS) sender.epochs.shift();
    }
    if (cell === 0 || before === 0) options.onVerdict(asWrong(sender));
    isChanged = true;
    return true;
  };

  const judge = (): Set<string> => {
    const nowMs = now();
    const list = [...senders.values()];
    serverBehindNs = behindMost(list.map(({ lag }) => leastOf(lag, nowMs)));
    isSuspicious = list.some((sender) => told(sender) !== 0);
    const changed = new Set<string>();
    // Flows never cross environments, and each has ways of its own to come here.
    for (const some of groupedBy(list, ({ service }) => service.environment).values())
      judgeSome(some, nowMs, changed);
    return changed;
  };
  const judgeSome = (list: readonly Sender[], nowMs: number, changed: Set<string>): void => {
    const lags = list.map(({ lag }) => leastOf(lag, nowMs));
    const at = new Map(list.map((sender, i) => [sender, i]));
    const waits: LeastWait[] = [];
    for (const [from, { waits: all }] of list.entries())
      for (const [taker, least] of all) {
        const to = at.get(taker);
        const ns = leastOf(least, nowMs);
        if (to !== undefined && ns !== Infinity) waits.push({ from, to, ns });
      }
    const isAccused = lags.some((lag) => lag <= -MIN_NS) || waits.some(({ ns }) => ns <= -MIN_NS);
    if (!isAccused && !list.some((sender) => told(sender) !== 0)) return;
    isSuspicious ||= isAccused;
    const ahead = wrongClocks(
      lags.map((lag) => ({ knownNs: 0, lagNs: lag + serverBehindNs })),
      waits,
      false,
    );
    for (const [i, sender] of list.entries())
      if (lags[i] !== Infinity && tell(sender, ahead[i]!)) changed.add(sender.key);
  };

  return {
    observe(spans) {
      // Spans of one request stand together: asked once for each, with the latest of them.
      for (let from = 0; from < spans.length;) {
        const { service, receivedAtMs } = spans[from]!;
        let latest: bigint | null = null;
        let next = from;
        for (
          ;
          spans[next]?.service === service && spans[next]!.receivedAtMs === receivedAtMs;
          next++
        ) {
          const { end, warnings } = spans[next]!;
          // A time that was repaired says nothing.
          if (warnings.length === 0 && (latest === null || end > latest)) latest = end;
        }
        from = next;
        if (latest === null) continue;
        const sender = senderOf(service);
        const lagNs = receivedAtMs * 1e6 - Number(latest);
        if (!seen(sender.lag, lagNs, receivedAtMs)) continue;
        // Those that are heard of stay: whoever was not for the longest time stands first.
        senders.delete(sender.key);
        senders.set(sender.key, sender);
      }
    },
    waited(from, to, ns) {
      const sender = senderOf(from.service);
      const taker = senderOf(to.service);
      const atMs = Math.max(from.receivedAtMs, to.receivedAtMs);
      let least = sender.waits.get(taker);
      if (least === undefined) {
        if (sender.waits.size >= MAX_PARTNERS || pairs >= MAX_PAIRS) {
          const eldest = sender.waits.keys().next().value;
          if (eldest === undefined) return;
          sender.waits.delete(eldest);
          pairs--;
        }
        sender.waits.set(taker, (least = nothingSeen()));
        pairs++;
      }
      if (!seen(least, Number(ns), atMs)) return;
      sender.waits.delete(taker);
      sender.waits.set(taker, least);
    },
    aheadNs(span) {
      if (wrongOnes === 0) return 0n;
      const { epochs } = senderOf(span.service);
      if (epochs.length === 0) return 0n;
      const epoch = epochs.findLast(({ fromMs }) => fromMs <= span.receivedAtMs);
      return epoch === undefined ? 0n : BigInt(epoch.aheadNs);
    },
    revise() {
      if (!isDirty) return NOBODY;
      if (now() >= pausedUntilMs) left = BURST;
      if (left === 0) return NOBODY;
      if (left-- === BURST) pausedUntilMs = now() + pauseMs(senders.size);
      isDirty = false;
      return judge();
    },
    get dueAtMs() {
      return !isDirty ? Infinity : left > 0 ? now() : pausedUntilMs;
    },
    get senders() {
      return senders.size;
    },
    get serverBehindMs() {
      return Math.round(serverBehindNs / 1e6);
    },
    wrong: () =>
      wrongOnes === 0
        ? []
        : [...senders.values()]
            .filter((sender) => told(sender) !== 0)
            .map(asWrong)
            .sort((a, b) => Math.abs(b.aheadMs) - Math.abs(a.aheadMs)),
    takeChanged() {
      if (!isChanged) return null;
      isChanged = false;
      const wrong = [...senders.values()].filter(({ epochs }) => epochs.length > 0);
      return JSON.stringify(wrong.map(({ service, epochs }) => ({ service, epochs })));
    },
    load(stored) {
      for (const { service, epochs } of JSON.parse(stored) as Pick<
        Sender,
        'service' | 'epochs'
      >[]) {
        if (epochs.length === 0) continue;
        const sender = senderOf(service);
        if (sender.epochs.length === 0) wrongOnes++;
        sender.epochs = epochs;
        isSuspicious = true;
      }
    },
  };

  function asWrong(sender: Sender): WrongClock {
    const { environment, name, instance, host } = sender.service;
    return {
      environment,
      service: name,
      instance: instance || (host ?? ''),
      aheadMs: told(sender) / 1e6,
    };
  }
}

const NOBODY: ReadonlySet<string> = new Set();
const cellOf = (ns: number): number =>
  Math.abs(ns) < MIN_NS ? 0 : Math.trunc(ns / CELL_NS) * CELL_NS;

/**
 * Returns how far this server's clock is behind, ns. If more senders are ahead of it than in time,
 * it is the server that is behind: by as much as the most advanced sender that differs from their
 * median by no more than an exporter's delay.
 */
function behindMost(lags: readonly number[]): number {
  const ahead = lags.filter((lag) => lag <= -MIN_NS).sort((a, b) => a - b);
  if (ahead.length < 2) return 0;
  const median = ahead[ahead.length >> 1]!;
  const inTime = lags.filter((lag) => lag > -MIN_NS && lag <= -median / 2);
  return inTime.length >= ahead.length ? 0 : -ahead.find((lag) => lag >= median - MAX_LAG_NS)!;
}
