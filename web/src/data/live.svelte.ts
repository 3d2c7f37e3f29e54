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

/** A server that ends turns all pages away at once: they come back spread over this time. */
const TURNED_AWAY_MS = 1000;

let connection = $state<Connection>('connecting');
let stats = $state.raw<StatsTick | null>(null);
let lostAt = $state<number | null>(null);
const watches = createWatches();

export const connectionState = (): Connection => connection;
export const liveStats = (): StatsTick | null => stats;
/** The data on the screen is of this moment, if not of now: when the connection was lost. */
export const asOf = (): number | null => lostAt;

/** Everybody is told of incidents, whatever is watched: the navigation counts them. */
export interface IncidentListener {
  onChanged(changed: Incident[]): void;
  /** Some may have been missed: load the list again. */
  onReload(): void;
}

/**
 * Opens the one socket of the dashboard: it says whether we are live, hands on changes, and after
 * a break resumes or asks for a reload. Returns a function that closes it.
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
    // A figure that stands still looks like one that is true.
    stats = null;
    watches.disconnected();
    // An orderly end of the server counts as its wish, and the client then never tries again by
    // itself. Once it has been asked to, it goes on trying until the server is there.
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

/** Watches one view until the returned function is called. The snapshot is the caller's to load. */
export const watch = (
  view: View,
  onChanges: (changes: FlowChanged[]) => void,
  onReload: () => void,
): (() => void) => watches.add({ view, onChanges, onReload });
