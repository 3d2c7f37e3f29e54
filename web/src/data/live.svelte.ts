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
 * Minimum delay before reconnecting, ms. A server that shuts down disconnects all pages at once:
 * they return spread over this time.
 */
const TURNED_AWAY_MS = 1000;

let connection = $state<Connection>('connecting');
let stats = $state.raw<StatsTick | null>(null);
let lostAt = $state<number | null>(null);
const watches = createWatches();

export const connectionState = (): Connection => connection;
export const liveStats = (): StatsTick | null => stats;
/**
 * Returns when the connection was lost, the time that the data on the screen is from; null while it
 * is live.
 */
export const asOf = (): number | null => lostAt;

/** Receives incidents whatever is watched, because the navigation counts them. */
export interface IncidentListener {
  onChanged(changed: Incident[]): void;
  /** Changes may have been missed: load the list again. */
  onReload(): void;
}

/**
 * Opens the one socket of the dashboard: it reports the connection's state, passes on changes, and
 * after a break resumes or asks for a reload. Returns a function that closes it.
 */
export function connect(incidents: IncidentListener): () => void {
  const socket: Socket<ServerToClient, ClientToServer> = io({
    transports: ['websocket'],
    reconnectionDelayMax: 5000,
  });
  let comeBack: ReturnType<typeof setTimeout> | undefined;
  socket.on('connect', () => {
    connection = 'live';
    lostAt = null;
    watches.connected(socket);
    incidents.onReload();
  });
  socket.on('disconnect', (reason) => {
    connection = 'offline';
    lostAt = Date.now();
    // A stale figure looks like a current one, so it is removed.
    stats = null;
    watches.disconnected();
    // The client takes an orderly end by the server as its wish, and does not reconnect by itself.
    // After one explicit connect it retries until the server is there.
    if (reason === 'io server disconnect')
      comeBack = setTimeout(() => socket.connect(), TURNED_AWAY_MS * (1 + Math.random()));
  });
  socket.io.on('reconnect_attempt', () => (connection = 'connecting'));
  socket.on('stats:tick', (tick) => (stats = tick));
  socket.on('flow:changed', (changes) => watches.changed(changes));
  socket.on('incident:changed', (changed) => incidents.onChanged(changed));
  return () => {
    clearTimeout(comeBack);
    socket.disconnect();
  };
}

/** Watches one view until the returned function is called. The caller loads the snapshot. */
export const watch = (
  view: View,
  onChanges: (changes: FlowChanged[]) => void,
  onReload: () => void,
): (() => void) => watches.add({ view, onChanges, onReload });
