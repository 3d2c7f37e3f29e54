import type { Server as HttpServer, IncomingMessage } from 'node:http';
import { Server, type Socket } from 'socket.io';
import type { Clock } from '../base/clock.ts';
import type { Counters } from '../base/counters.ts';
import type {
  ClientToServer,
  FlowChanged,
  Incident,
  Resume,
  ServerToClient,
  StatsTick,
  View,
  WatchAnswer,
} from '../contract/index.ts';
import { createHistory } from './resume.ts';
import { isView, sees } from './rooms.ts';

/**
 * Announces changes to dashboards. It is called only with what is already durable and queryable
 * (invariant I3). A client that missed something resumes from a sequence, or is told to reload.
 */
export interface Push {
  attach(server: HttpServer): void;
  /** Announces changes and numbers them in order. Builds them only if a dashboard may want them. */
  publish(changes: () => Omit<FlowChanged, 'sequence'>[]): void;
  /** Announces incidents to every dashboard, because the navigation counts them. */
  incidents(changed: Incident[]): void;
  stats(tick: Omit<StatsTick, 'sequence'>): void;
  /** True when a dashboard is open, or was lately and may reconnect. */
  readonly watched: boolean;
  stop(): Promise<void>;
}

export interface PushOptions {
  clock: Clock;
  counters: Counters;
  /**
   * Changes with every server start, so that sequences of a previous run are not mistaken for those
   * of this one.
   */
  epoch: string;
  allowed(request: IncomingMessage): boolean;
}

/** Bytes that may be buffered for a slow client; beyond this its updates are held back. */
const MAX_BUFFERED = 1024 * 1024;
/** Changes held for a slow client (newest per flow); beyond this it is disconnected and reloads. */
const MAX_HELD = 2000;
const MAX_HISTORY = 20_000;
const MAX_CLIENTS = 500;
/** A dashboard that reconnects within this time, ms, gets what it missed; later, it reloads. */
const AWAY_MS = 60_000;

type TypedSocket = Socket<ClientToServer, ServerToClient>;

interface Watcher {
  socket: TypedSocket;
  view: View | null;
  held: Map<string, FlowChanged>;
  /** Time at which it last got what it missed, epoch ms. */
  watchedMs: number;
}

export function createPush(options: PushOptions): Push {
  const { clock, counters } = options;
  const history = createHistory(MAX_HISTORY);
  const watchers = new Map<string, Watcher>();
  let lastLeftMs = -Infinity;
  const isWatched = (): boolean => watchers.size > 0 || clock.now() - lastLeftMs < AWAY_MS;
  let io: Server<ClientToServer, ServerToClient> | undefined;
  counters.gauge('fermata_dashboards', () => watchers.size);

  /**
   * Returns the bytes that wait in the transport and in front of it, where a client that stops
   * polling leaves all its packets.
   */
  const buffered = ({ conn }: TypedSocket): number => {
    const transport = (conn.transport as unknown as { socket?: { bufferedAmount?: number } })
      .socket;
    const packets = (conn as unknown as { writeBuffer: { data?: string | Buffer }[] }).writeBuffer;
    const before = packets.reduce((sum, { data }) => sum + (data?.length ?? 0), 0);
    return before + (transport?.bufferedAmount ?? 0);
  };
  /** Sends a slow client fewer, newer updates: at most one change per flow waits. */
  const send = (watcher: Watcher, changes: FlowChanged[]): void => {
    const { view } = watcher;
    if (view === null) return;
    for (const change of changes) if (sees(view, change)) watcher.held.set(change.id, change);
    if (watcher.held.size === 0) return;
    if (buffered(watcher.socket) > MAX_BUFFERED) {
      counters.add('fermata_push_held_total');
      if (watcher.held.size > MAX_HELD) watcher.socket.disconnect(true);
      return;
    }
    const batch = [...watcher.held.values()].sort((a, b) => a.sequence - b.sequence);
    watcher.held.clear();
    watcher.socket.emit('flow:changed', batch);
  };

  const onConnection = (socket: TypedSocket): void => {
    if (watchers.size >= MAX_CLIENTS) {
      socket.disconnect(true);
      return;
    }
    const watcher: Watcher = { socket, view: null, held: new Map(), watchedMs: -Infinity };
    watchers.set(socket.id, watcher);
    socket.on('watch', (resume: Resume, answer: (answer: WatchAnswer) => void) => {
      if (typeof answer !== 'function' || !isView((resume as Resume | null)?.view)) return;
      watcher.view = resume.view;
      watcher.held.clear();
      const since = resume.since;
      // A client may resume once a second. One that asks more often reloads, which costs the server
      // no history.
      const soon = clock.now() - watcher.watchedMs < 1000;
      if (!soon) watcher.watchedMs = clock.now();
      const missed =
        !soon &&
        since !== null &&
        since?.epoch === options.epoch &&
        Number.isSafeInteger(since.number)
          ? history.since(since.number)
          : null;
      const resumed = missed !== null && missed.length <= MAX_HELD;
      answer({ sequence: { epoch: options.epoch, number: history.last }, resumed });
      if (resumed) send(watcher, missed);
    });
    socket.on('unwatch', () => {
      watcher.view = null;
      watcher.held.clear();
    });
    socket.on('disconnect', () => {
      watchers.delete(socket.id);
      lastLeftMs = clock.now();
    });
  };

  return {
    attach(server) {
      io = new Server(server, {
        path: '/socket.io',
        serveClient: false,
        maxHttpBufferSize: 64 * 1024,
        pingInterval: 20_000,
        pingTimeout: 20_000,
        connectTimeout: 10_000,
        perMessageDeflate: false,
        allowRequest: (request, decide) => decide(null, options.allowed(request)),
      });
      io.on('connection', onConnection);
    },
    publish(changes) {
      if (!isWatched()) {
        history.skip();
        return;
      }
      const numbered = changes().map((change) => history.add(change));
      if (numbered.length === 0) return;
      for (const watcher of watchers.values()) send(watcher, numbered);
    },
    incidents(changed) {
      for (const { socket } of watchers.values())
        if (buffered(socket) <= MAX_BUFFERED) socket.emit('incident:changed', changed);
    },
    stats(tick) {
      for (const watcher of watchers.values()) {
        watcher.socket.volatile.emit('stats:tick', { ...tick, sequence: history.last });
        send(watcher, []);
      }
    },
    get watched() {
      return isWatched();
    },
    async stop() {
      io?.disconnectSockets(true);
      await io?.close();
      io = undefined;
      watchers.clear();
    },
  };
}
