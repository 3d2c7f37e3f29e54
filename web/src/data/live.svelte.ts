import { io, type Socket } from 'socket.io-client';
import type {
  ClientToServer,
  FlowChanged,
  Incident,
  ServerToClient,
  StatsTick,
  View,
} from '@fermata/server/contract';
import { createWatches } from './watches.ts';

type Connection = 'connecting' | 'live' | 'offline';

/**
 * Minimum delay before reconnecting, ms. The actual delay is random up to twice as long, because a
 * server that shuts down disconnects all browsers at once and they must not come back all at once.
 */
const TURNED_AWAY_MS = 1000;

let connection = $state<Connection>('connecting');
let stats = $state.raw<StatsTick | null>(null);
let lostAt = $state<number | null>(null);
let connections = $state(0);
let spansSeen = 0;
const watches = createWatches();

export const connectionState = (): Connection => connection;
export const liveStats = (): StatsTick | null => stats;
/**
 * Number of ticks over which the rate of spans is averaged. Services export in batches every few
 * seconds, so that of a single second is often 0 although spans keep coming.
 */
const RATE_TICKS = 10;
let rates = $state.raw<readonly number[]>([]);
/** Returns how many spans arrived per second lately; 0 while that is unknown. */
export const spanRate = (): number =>
  rates.reduce((sum, rate) => sum + rate, 0) / Math.max(1, rates.length);
/**
 * Returns a text that identifies the state of the server's data; null while it is unknown. It
 * changes if flows changed, spans arrived, or changes may have been missed.
 */
export const lastChange = (): string | null =>
  stats && `${connections} ${stats.sequence} ${spansSeen}`;
const returned = $derived(Math.max(0, connections - 1));
/** Returns how often the connection came back; what was loaded before may have changed since. */
export const returns = (): number => returned;
/**
 * Returns when the connection was lost, epoch ms; null while it is live. The data on the screen is
 * from that time.
 */
export const asOf = (): number | null => lostAt;

/**
 * Receives every changed incident, whatever page is open, because the navigation shows the number
 * of open incidents.
 */
export interface IncidentListener {
  onChanged(changed: Incident[]): void;
  /** Called when changes may have been missed, so that the list has to be loaded again. */
  onReload(): void;
}

/**
 * Opens the dashboard's only socket, and returns a function that closes it. After an interruption,
 * watchers either get the changes that they missed or are told to reload.
 */
export function connect(incidents: IncidentListener): () => void {
  const socket: Socket<ServerToClient, ClientToServer> = io({
    transports: ['websocket'],
    reconnectionDelayMax: 5000,
  });
  let comeBack: ReturnType<typeof setTimeout> | undefined;
  socket.on('connect', () => {
    connection = 'live';
    connections++;
    lostAt = null;
    watches.connected(socket);
    incidents.onReload();
  });
  socket.on('disconnect', (reason) => {
    connection = 'offline';
    lostAt = Date.now();
    // The server's figures are removed, because without updates they would look current.
    stats = null;
    rates = [];
    watches.disconnected();
    // socket.io does not reconnect by itself if the server closed the connection on purpose. After
    // this one call of `connect` it retries as usual.
    if (reason === 'io server disconnect')
      comeBack = setTimeout(() => socket.connect(), TURNED_AWAY_MS * (1 + Math.random()));
  });
  socket.io.on('reconnect_attempt', () => (connection = 'connecting'));
  socket.on('stats:tick', (tick) => {
    spansSeen += tick.spansPerSecond;
    rates = [...rates, tick.spansPerSecond].slice(-RATE_TICKS);
    stats = tick;
  });
  socket.on('flow:changed', (changes) => watches.changed(changes));
  socket.on('incident:changed', (changed) => incidents.onChanged(changed));
  return () => {
    clearTimeout(comeBack);
    socket.disconnect();
  };
}

/**
 * Watches one view (a list of flows or a single flow) until the returned function is called.
 * `onLoad` is called to load the snapshot of the view: at first, unless it `isLoaded`, and when
 * changes may be missing.
 */
export const watch = (
  view: View,
  onChanges: (changes: FlowChanged[]) => void,
  onLoad: () => void,
  isLoaded = false,
): (() => void) => watches.add({ view, onChanges, onLoad, isLoaded });
