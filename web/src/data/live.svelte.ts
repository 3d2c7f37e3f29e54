import { io, type Socket } from 'socket.io-client';
import type {
  ClientToServer,
  FlowChanged,
  Incident,
  Sequence,
  ServerToClient,
  StatsTick,
  View,
} from '@fermata/server/contract';

/** One socket for the whole page. Says whether we are live, hands on changes, resumes after a break or asks to reload. */
type Connection = 'connecting' | 'live' | 'offline';

let connection = $state<Connection>('connecting');
let stats = $state.raw<StatsTick | null>(null);
let lostAt = $state<number | null>(null);
export const connectionState = (): Connection => connection;
export const liveStats = (): StatsTick | null => stats;
/** The moment of which the screen tells, where that is not now: when the connection was lost. */
export const asOf = (): number | null => lostAt;

/** All pages are turned away at once when a server ends: they come back over this long a time, ms. */
const TURNED_AWAY_MS = 1000;

const socket: Socket<ServerToClient, ClientToServer> = io({
  transports: ['websocket'],
  reconnectionDelayMax: 5000,
});

interface Watch {
  view: View;
  since: Sequence | null;
  onChanges(changes: FlowChanged[]): void;
  /** Something may have been missed: load the snapshot again. */
  onReload(): void;
}
let watching: Watch | null = null;

function subscribe(): void {
  const mine = watching;
  if (!mine || !socket.connected) return;
  const { view, since } = mine;
  socket.emit('watch', { view: JSON.parse(JSON.stringify(view)) as View, since }, (answer) => {
    if (mine !== watching) return;
    mine.since = answer.sequence;
    if (!answer.resumed) mine.onReload();
  });
}
socket.on('connect', () => {
  connection = 'live';
  lostAt = null;
  subscribe();
});
socket.on('disconnect', (reason) => {
  connection = 'offline';
  lostAt = Date.now();
  // A figure that stands still looks like one that is true.
  stats = null;
  // An orderly end of the server counts as its wish, and the client then never tries again by itself. Once it has been
  // asked to, it goes on trying until the server is there.
  if (reason === 'io server disconnect')
    setTimeout(() => socket.connect(), TURNED_AWAY_MS * (1 + Math.random()));
});
socket.io.on('reconnect_attempt', () => (connection = 'connecting'));
socket.on('stats:tick', (tick) => (stats = tick));
socket.on('flow:changed', (changes) => {
  if (!watching) return;
  const last = changes[changes.length - 1];
  if (last && watching.since) watching.since = { ...watching.since, number: last.sequence };
  watching.onChanges(changes);
});

/** Hears of incidents for as long as the page lives, and when some may have been missed. */
export function onIncidents(hear: (changed: Incident[]) => void, reload: () => void): void {
  socket.on('incident:changed', hear);
  socket.on('connect', reload);
}

/** Watches one view until the returned function is called. The snapshot is the caller's to load. */
export function watch(view: View, onChanges: Watch['onChanges'], onReload: Watch['onReload']): () => void {
  const mine: Watch = { view, since: null, onChanges, onReload };
  watching = mine;
  subscribe();
  return () => {
    if (watching !== mine) return;
    watching = null;
    socket.emit('unwatch');
  };
}
