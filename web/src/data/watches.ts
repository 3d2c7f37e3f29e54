import type { FlowChanged, Resume, Sequence, View, WatchAnswer } from '@fermata/server/contract';

/** The part of a socket that is needed to watch views. */
export interface WatchWire {
  emit(event: 'watch', resume: Resume, answer: (answer: WatchAnswer) => void): unknown;
  emit(event: 'unwatch'): unknown;
}

export interface Watcher {
  view: View;
  onChanges(changes: FlowChanged[]): void;
  /** Called when changes may have been missed, so that the snapshot has to be loaded again. */
  onReload(): void;
}

/**
 * Shares one subscription between several watchers, because the server keeps only one view for each
 * socket. The subscription covers the views of all watchers and ends with the last watcher. This
 * file is plain TypeScript; `live.svelte.ts` supplies the socket.
 */
export interface Watches {
  /**
   * Watches a view until the returned function is called. The caller loads the snapshot of the
   * view.
   */
  add(watcher: Watcher): () => void;
  /** Uses a new connection: subscribes on it and asks for missed changes. */
  connected(wire: WatchWire): void;
  disconnected(): void;
  /** Passes changes on to the watchers whose view shows them. */
  changed(changes: FlowChanged[]): void;
}

export function createWatches(): Watches {
  const watchers = new Set<Watcher>();
  let wire: WatchWire | null = null;
  /** The view that the server was last asked to watch, as JSON; '' for none. */
  let subscribed = '';
  let since: Sequence | null = null;

  function subscribe(view: View): void {
    const text = JSON.stringify(view);
    if (wire === null || text === subscribed) return;
    subscribed = text;
    // `since` is also right for watchers that were just added, because earlier changes are in the
    // snapshot that they load.
    wire.emit('watch', { view: JSON.parse(text) as View, since }, (answer) => {
      if (text !== subscribed) return;
      since = answer.sequence;
      if (!answer.resumed) for (const watcher of [...watchers]) watcher.onReload();
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
      // A page that replaces another adds its watcher in the same turn of the event loop in which
      // the other page removes its own. The microtask runs after both, so the server gets one
      // change only.
      queueMicrotask(sync);
      return () => {
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

/** Returns a view that shows all that these views show; null if there are no views. */
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
 * Returns whether a change concerns a view, by the same rule as the server. If a flow's id is no
 * longer in use, that concerns every view that may have shown the flow.
 */
function sees(view: View, change: FlowChanged): boolean {
  if (view.kind === 'flow') return change.id === view.id || change.movedTo === view.id;
  return change.flow === null || view.types.length === 0 || view.types.includes(change.flow.type);
}
