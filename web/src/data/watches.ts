import type { FlowChanged, Resume, Sequence, View, WatchAnswer } from '@fermata/server/contract';

/** The part of a socket that subscribes to a view. */
export interface WatchWire {
  emit(event: 'watch', resume: Resume, answer: (answer: WatchAnswer) => void): unknown;
  emit(event: 'unwatch'): unknown;
}

export interface Watcher {
  view: View;
  onChanges(changes: FlowChanged[]): void;
  /**
   * Called to load the snapshot of the view: at first, and again when changes may have been missed.
   */
  onLoad(): void;
  /**
   * True if the snapshot of the view was loaded while another watcher covered it. It is then loaded
   * only if changes may have been missed.
   */
  isLoaded?: boolean;
}

/**
 * Time for which the first snapshot of a watcher waits for the subscription, ms. A snapshot that
 * was loaded before it may lack changes and is loaded again, which costs more than the short wait.
 */
const MAX_WAIT_MS = 150;

/**
 * Shares one subscription between several watchers, because the server allows one view per socket.
 * The subscribed view covers the views of all watchers. `live.svelte.ts` supplies the socket.
 */
export interface Watches {
  /** Watches a view until the returned function is called. */
  add(watcher: Watcher): () => void;
  /** Subscribes on a new connection and asks for the changes that were missed. */
  connected(wire: WatchWire): void;
  disconnected(): void;
  /** Passes changes on to the watchers whose view shows them. */
  changed(changes: FlowChanged[]): void;
}

export function createWatches(): Watches {
  const watchers = new Set<Watcher>();
  let wire: WatchWire | null = null;
  /** JSON of the view that is subscribed to; empty if there is none. */
  let subscribed = '';
  /** False while the answer to the subscription is awaited. */
  let isAnswered = true;
  let since: Sequence | null = null;
  /** Watchers that have not loaded their first snapshot. */
  const fresh = new Set<Watcher>();

  function load(some: readonly Watcher[]): void {
    for (const watcher of some) {
      fresh.delete(watcher);
      watcher.onLoad();
    }
  }

  function subscribe(view: View): void {
    const text = JSON.stringify(view);
    if (wire === null || text === subscribed) return;
    subscribed = text;
    isAnswered = false;
    // `since` is right for a watcher that was just added too, because the snapshot that it loads
    // contains all earlier changes.
    wire.emit('watch', { view: JSON.parse(text) as View, since }, (answer) => {
      if (text !== subscribed) return;
      isAnswered = true;
      since = answer.sequence;
      load(answer.resumed ? [...fresh] : [...watchers]);
    });
  }

  function unsubscribe(): void {
    since = null;
    if (subscribed === '') return;
    subscribed = '';
    wire?.emit('unwatch');
  }

  function sync(): void {
    const view = coverOf([...watchers].map((watcher) => watcher.view));
    if (view === null) unsubscribe();
    else subscribe(view);
  }

  return {
    add(watcher) {
      watchers.add(watcher);
      if (watcher.isLoaded !== true) fresh.add(watcher);
      const timer = setTimeout(() => {
        if (fresh.has(watcher)) load([watcher]);
      }, MAX_WAIT_MS);
      // If one page replaces another, the new watcher is added and the old one removed in the same
      // turn of the event loop. The microtask runs after both, so the server gets a single request.
      queueMicrotask(() => {
        sync();
        if (wire !== null && isAnswered) load([...fresh]);
      });
      return () => {
        clearTimeout(timer);
        fresh.delete(watcher);
        if (watchers.delete(watcher)) queueMicrotask(sync);
      };
    },
    connected(now) {
      wire = now;
      subscribed = '';
      sync();
    },
    disconnected() {
      wire = null;
    },
    changed(changes) {
      const last = changes[changes.length - 1];
      if (last && since) since = { ...since, number: last.sequence };
      for (const watcher of [...watchers]) {
        const seen = changes.filter((change) => sees(watcher.view, change));
        if (seen.length > 0) watcher.onChanges(seen);
      }
    },
  };
}

/** Returns a view that includes all of the given views; null if there are none. */
function coverOf(views: readonly View[]): View | null {
  const [first, ...others] = views;
  if (first === undefined) return null;
  const text = JSON.stringify(first);
  if (others.every((view) => JSON.stringify(view) === text)) return first;
  const types = views.map((view) => (view.kind === 'flow' ? [] : view.types));
  const isAll = types.some((some) => some.length === 0);
  return { kind: 'flows', types: isAll ? [] : [...new Set(types.flat())].sort(), statuses: [] };
}

/**
 * Returns whether a change concerns a view, by the server's own rule. If a flow's id is no longer
 * used (`flow` is null), the change concerns every list, because the flow may be shown there.
 */
function sees(view: View, change: FlowChanged): boolean {
  if (view.kind === 'flow') return change.id === view.id || change.movedTo === view.id;
  return change.flow === null || view.types.length === 0 || view.types.includes(change.flow.type);
}
