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
 * Minimum delay before reconnecting, ms. A server that shuts down disconnects all pages at the same
 * time. So the delay is random, and the pages reconnect at different times.
 */
const TURNED_AWAY_MS = 1000;

let connection = $state<Connection>('connecting');
let stats = $state.raw<StatsTick | null>(null);
let lostAt = $state<number | null>(null);
let connections = 0;
let spansSeen = 0;
const watches = createWatches();

export const connectionState = (): Connection => connection;
export const liveStats = (): StatsTick | null => stats;
/**
 * Names the last change that the server told of, whichever views are watched; null while that is
 * not known. Two names differ if flows changed, spans came, or changes may have been missed.
 */
export const lastChange = (): string | null =>
  stats && `${connections} ${stats.sequence} ${spansSeen}`;
/**
 * Returns when the connection was lost. The data on the screen is from that time. Returns null
 * while the connection is live.
 */
export const asOf = (): number | null => lostAt;

/**
 * Gets every change of an incident, whichever view is watched, because the navigation shows the
 * number of incidents.
 */
export interface IncidentListener {
  onChanged(changed: Incident[]): void;
  /** Called when changes may have been missed, so that the list has to be loaded again. */
  onReload(): void;
}

/**
 * Opens the one socket of the dashboard. It keeps the connection's state, passes changes on, and
 * after an interruption either gets the missed changes or asks for a reload. Returns a function
 * that closes the socket.
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
    // The figures are removed, because old figures look like current ones.
    stats = null;
    watches.disconnected();
    // When the server ends the connection in an orderly way, the client does not reconnect by
    // itself. After this one call of `connect` the client tries again until the server is there.
    if (reason === 'io server disconnect')
      comeBack = setTimeout(() => socket.connect(), TURNED_AWAY_MS * (1 + Math.random()));
  });
  socket.io.on('reconnect_attempt', () => (connection = 'connecting'));
  socket.on('stats:tick', (tick) => {
    spansSeen += tick.spansPerSecond;
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
 * Watches one view until the returned function is called. The caller loads the snapshot of the
 * view.
 */
export const watch = (
  view: View,
  onChanges: (changes: FlowChanged[]) => void,
  onReload: () => void,
): (() => void) => watches.add({ view, onChanges, onReload });
