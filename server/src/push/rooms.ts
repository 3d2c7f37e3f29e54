import type { FlowChanged, View } from '../contract/index.ts';

/** Returns whether a change must be sent to a client with this view. */
export function sees(view: View, change: FlowChanged): boolean {
  if (view.kind === 'flow') return change.id === view.id || change.movedTo === view.id;
  // Do not compare statuses, because the client filters by them. Otherwise it would not learn that
  // a flow no longer matches, and would continue to display it.
  return change.flow === null || view.types.length === 0 || view.types.includes(change.flow.type);
}

const texts = (value: unknown): boolean =>
  Array.isArray(value) &&
  value.length <= 100 &&
  value.every((item) => typeof item === 'string' && item.length <= 300);

/** Returns whether a value received from the network is a valid view. */
export function isView(value: unknown): value is View {
  if (typeof value !== 'object' || value === null) return false;
  const view = value as Record<string, unknown>;
  if (view['kind'] === 'flow') return typeof view['id'] === 'string' && view['id'].length <= 100;
  return view['kind'] === 'flows' && texts(view['types']) && texts(view['statuses']);
}
