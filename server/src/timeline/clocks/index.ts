import { oldestKey } from '../../base/oldest.ts';
import { groupedBy } from '../../base/lists.ts';
import type { Service, Span } from '../../model/span.ts';
import { leastOf, nothingSeen, see, WINDOW_MS, type Least } from './bounds.ts';
import { MAX_LAG_NS, MIN_NS, wrongClocks, type LeastWait } from './wrong-clocks.ts';

/**
 * Learns from all flows which processes' clocks are wrong, and by how much. A clock belongs to a
 * process, not to a span.
 *
 * Verdicts are rounded to whole cells, and each verdict has the time from which it holds. A
 * timeline is therefore a function of its spans and of the verdicts. `revise` returns every clock
 * that has a new verdict, so that flows which were projected without that verdict are projected
 * again.
 */
export interface Clocks extends KnownClocks {
  /** Records the delays between the ends of these spans and their receipt. */
  observe(spans: readonly Span[]): void;
  /** Judges clocks by new observations; returns the keys of clocks with a new verdict. */
  revise(): ReadonlySet<string>;
  /** When `revise` has to be called, in ms since 1970; Infinity when no clock has to be judged. */
  readonly dueAtMs: number;
  /** Returns the clocks that are wrong now, largest error first. */
  wrong(): WrongClock[];
  /** Number of processes whose clocks were observed. */
  readonly senders: number;
  /** How far this server's own clock is behind the clocks of most senders, ms. */
  readonly serverBehindMs: number;
  /** Returns all verdicts as text for the store; null if none has changed since the last call. */
  takeChanged(): string | null;
  load(stored: string): void;
}

/** The part of `Clocks` that the timeline uses: it reads clock errors, and reports waits. */
export interface KnownClocks {
  /** Returns how far the span's clock was ahead at its receipt, ns; negative if behind. */
  aheadNs(span: Span): bigint;
  /** Reports a wait between two processes, ns, as their clocks measured it. */
  waited(from: Span, to: Span, ns: bigint): void;
}

/** Treats all clocks as right. */
export const RIGHT_CLOCKS: KnownClocks = { aheadNs: () => 0n, waited: () => undefined };

export interface WrongClock {
  environment: string;
  service: string;
  instance: string;
  /** How far the clock is ahead, ms; negative when the clock is behind. */
  aheadMs: number;
}

export interface ClocksOptions {
  now(): number;
  /** Called when a clock gets its first verdict, or is right again (`aheadMs` 0). */
  onVerdict(clock: WrongClock): void;
}

/** A clock's error, which applies to spans received from `fromMs` until the clock's next epoch. */
interface Epoch {
  fromMs: number;
  aheadNs: number;
}

interface Sender {
  readonly key: string;
  readonly service: Service;
  /** Least time, ns, from the end of a span of this process to its receipt. */
  lag: Least;
  /** Least time, ns, that messages of this process seem to take, by consuming process. */
  waits: Map<Sender, Least>;
  /** Verdicts on the clock of this process, oldest first; empty if the clock was always right. */
  epochs: Epoch[];
  isGone: boolean;
}

/**
 * Size, ns, of the cells to which verdicts are rounded, so that a slightly better estimate leaves a
 * verdict unchanged.
 */
const CELL_NS = 25_000_000;
/** If a clock's error shrinks, it gets a new verdict only below this share of the last one. */
const STILL_TRUE = 0.75;
const MAX_SENDERS = 10_000;
const MAX_PARTNERS = 100;
const MAX_PAIRS = 20_000;
const MAX_EPOCHS = 8;
/**
 * Number of judgements that may follow each other without a pause. Then there is a pause, which is
 * longer if there are more senders.
 */
const BURST = 3;
const pauseMs = (senders: number): number => Math.min(1000, Math.max(20, senders / 10));

/** Returns the key of a process's clock; the host stands in for a missing instance id. */
export function clockOf(service: Service): string {
  let key = keys.get(service);
  if (key === undefined) {
    const { environment, name, instance, host = '' } = service;
    keys.set(service, (key = [environment, name, instance || `@${host}`].join('\0')));
  }
  return key;
}
const keys = new WeakMap<Service, string>();

/** Returns whether several processes, and so several clocks, may share this description. */
export const isAnybody = ({ instance, host = '' }: Service): boolean =>
  instance === '' && host === '';

export function createClocks(options: ClocksOptions): Clocks {
  const now = (): number => options.now();
  const senders = new Map<string, Sender>();
  const bySpan = new WeakMap<Service, Sender>();
  let pairs = 0;
  let wrongOnes = 0;
  let serverBehindNs = 0;
  /** True if a clock is wrong or seems to be. Otherwise no clock has to be judged. */
  let isSuspicious = false;
  let isDirty = false;
  let isChanged = false;
  let pausedUntilMs = 0;
  let left = BURST;

  const add = (key: string, service: Service): Sender => {
    const nothing = { lag: nothingSeen(), waits: new Map(), epochs: [] };
    const sender: Sender = { key, service, ...nothing, isGone: false };
    senders.set(key, sender);
    if (senders.size > MAX_SENDERS) forget(senders.get(oldestKey(senders)!)!);
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
  /**
   * Records an observation. Returns whether the observation begins a new window; an older minimum
   * may have expired then.
   */
  const seen = (least: Least, ns: number, atMs: number): boolean => {
    const nowMs = now();
    const before = leastOf(least, nowMs);
    const isNew = see(least, ns, atMs, nowMs);
    if (ns <= -MIN_NS) isSuspicious = true;
    if (isSuspicious && (isNew || ns < before)) isDirty = true;
    return isNew;
  };
  const told = ({ epochs }: Sender): number => epochs.at(-1)?.aheadNs ?? 0;

  /**
   * Sets a clock's verdict from now on; returns whether that verdict is new. Verdicts on earlier
   * times stay as they were.
   */
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
    // Environments are judged separately. No flow crosses them, and delays differ between them.
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
      // Spans of one request are adjacent. The one that ended last shows the shortest delay.
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
          // A span with a repaired time is no evidence about a clock.
          if (warnings.length === 0 && (latest === null || end > latest)) latest = end;
        }
        from = next;
        if (latest === null) continue;
        const sender = senderOf(service);
        const lagNs = receivedAtMs * 1e6 - Number(latest);
        if (!seen(sender.lag, lagNs, receivedAtMs)) continue;
        // Senders are kept in the order of their last activity, least recent first, because `add`
        // forgets the first one when there are too many.
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
          const eldest = oldestKey(sender.waits);
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
 * Returns how far this server's clock is behind, ns. It is behind if more senders seem to be ahead
 * of it than in time with it; otherwise the result is 0. The result is the error of the sender that
 * seems furthest ahead, leaving out senders that are more than an exporter's delay (`MAX_LAG_NS`)
 * ahead of the median of those that seem ahead.
 */
function behindMost(lags: readonly number[]): number {
  const ahead = lags.filter((lag) => lag <= -MIN_NS).sort((a, b) => a - b);
  if (ahead.length < 2) return 0;
  const median = ahead[ahead.length >> 1]!;
  const inTime = lags.filter((lag) => lag > -MIN_NS && lag <= -median / 2);
  return inTime.length >= ahead.length ? 0 : -ahead.find((lag) => lag >= median - MAX_LAG_NS)!;
}
