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
 * Sends changes to open dashboards. Must be called only with changes that are durable and can be
 * queried (invariant I3). After an interruption, a client gets the changes that it missed, or is
 * told to load its data again.
 */
export interface Push {
  attach(server: HttpServer): void;
  /**
   * Numbers the changes, and sends them in order. `changes` computes them, and is called only if a
   * dashboard is open or may reconnect.
   */
  publish(changes: () => Omit<FlowChanged, 'sequence'>[]): void;
  /**
   * Sends changed incidents to all dashboards, because every page shows the number of incidents.
   */
  incidents(changed: Incident[]): void;
  stats(tick: Omit<StatsTick, 'sequence'>): void;
  /** True if a dashboard is open, or was open a short time ago and may reconnect. */
  readonly watched: boolean;
  stop(): Promise<void>;
}

export interface PushOptions {
  clock: Clock;
  counters: Counters;
  /**
   * Identifies this run of the server. It distinguishes sequence numbers of this run from those of
   * an earlier run.
   */
  epoch: string;
  allowed(request: IncomingMessage): boolean;
}

/**
 * Maximum number of bytes buffered for a client. A client with more is slow, and further changes
 * for it are held back.
 */
const MAX_BUFFERED = 1024 * 1024;
/**
 * Maximum number of flows whose changes are held back for a slow client. Only the newest change of
 * each flow is held. A client with more is disconnected, and must load its data again.
 */
const MAX_HELD = 2000;
const MAX_HISTORY = 20_000;
const MAX_CLIENTS = 500;
/**
 * Time within which a reconnecting dashboard still gets the changes that it missed, ms. After this
 * time it must load its data again.
 */
const AWAY_MS = 60_000;

type TypedSocket = Socket<ClientToServer, ServerToClient>;

interface Watcher {
  socket: TypedSocket;
  view: View | null;
  held: Map<string, FlowChanged>;
  /** Time when missed changes were last searched for the client, epoch ms. */
  searchedMs: number;
}

/**
 * Returns the number of bytes that wait for the client, in the transport and in the queue before
 * it. Packets for a client that stops polling stay in this queue.
 */
const buffered = ({ conn }: TypedSocket): number => {
  const transport = (conn.transport as unknown as { socket?: { bufferedAmount?: number } }).socket;
  const packets = (conn as unknown as { writeBuffer: { data?: string | Buffer }[] }).writeBuffer;
  const before = packets.reduce((sum, { data }) => sum + (data?.length ?? 0), 0);
  return before + (transport?.bufferedAmount ?? 0);
};

export function createPush(options: PushOptions): Push {
  const { clock, counters } = options;
  const history = createHistory(MAX_HISTORY);
  const watchers = new Map<string, Watcher>();
  let lastLeftMs = -Infinity;
  /**
   * Returns whether a dashboard shows single flows, or did a moment ago. Changes of single flows
   * are not computed for dashboards that show only statistics. Those load their data again when the
   * number of the last change differs.
   */
  const isWatched = (): boolean =>
    clock.now() - lastLeftMs < AWAY_MS || [...watchers.values()].some(({ view }) => view !== null);
  let io: Server<ClientToServer, ServerToClient> | undefined;
  counters.gauge('fermata_dashboards', () => watchers.size);

  /**
   * Sends a client the changes of the flows that it shows. If the client is slow, the changes are
   * held back, and only the newest change of each flow is kept.
   */
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
    const watcher: Watcher = { socket, view: null, held: new Map(), searchedMs: -Infinity };
    watchers.set(socket.id, watcher);
    socket.on('watch', (resume: Resume, answer: (answer: WatchAnswer) => void) => {
      if (typeof answer !== 'function' || !isView((resume as Resume | null)?.view)) return;
      watcher.view = resume.view;
      watcher.held.clear();
      const since = resume.since;
      // Send missed changes to a client at most once a second. If it asks more often, it must load
      // its data again, because searching the history takes time.
      const asks =
        since !== null && since?.epoch === options.epoch && Number.isSafeInteger(since.number);
      const soon = clock.now() - watcher.searchedMs < 1000;
      if (asks && !soon) watcher.searchedMs = clock.now();
      const missed = asks && !soon ? history.since(since.number) : null;
      const resumed = missed !== null && missed.length <= MAX_HELD;
      answer({ sequence: { epoch: options.epoch, number: history.last }, resumed });
      if (resumed) send(watcher, missed);
    });
    socket.on('unwatch', () => {
      if (watcher.view !== null) lastLeftMs = clock.now();
      watcher.view = null;
      watcher.held.clear();
    });
    socket.on('disconnect', () => {
      watchers.delete(socket.id);
      if (watcher.view !== null) lastLeftMs = clock.now();
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
