import type { FlowChanged, View } from '../contract/index.ts';

/** Returns whether a client with this view must get the change. */
export function sees(view: View, change: FlowChanged): boolean {
  if (view.kind === 'flow') return change.id === view.id || change.movedTo === view.id;
  // Statuses are not compared here; the client filters by them. Otherwise the client would not
  // learn that a flow no longer matches, and the flow would stay on the screen.
  return change.flow === null || view.types.length === 0 || view.types.includes(change.flow.type);
}

const texts = (value: unknown): boolean =>
  Array.isArray(value) &&
  value.length <= 100 &&
  value.every((item) => typeof item === 'string' && item.length <= 300);

/** Returns whether a value that was received from the network is a valid view. */
export function isView(value: unknown): value is View {
  if (typeof value !== 'object' || value === null) return false;
  const view = value as Record<string, unknown>;
  if (view['kind'] === 'flow') return typeof view['id'] === 'string' && view['id'].length <= 100;
  return view['kind'] === 'flows' && texts(view['types']) && texts(view['statuses']);
}
