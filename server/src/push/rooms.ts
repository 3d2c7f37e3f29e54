import type { FlowChanged, View } from '../contract/index.ts';

/** Tells whether a view shows a change. */
export function sees(view: View, change: FlowChanged): boolean {
  if (view.kind === 'flow') return change.id === view.id || change.movedTo === view.id;
  // A change that makes a flow leave the filter must be sent, too, or the flow would stay on the
  // screen; so the client filters by status.
  return change.flow === null || view.types.length === 0 || view.types.includes(change.flow.type);
}

const texts = (value: unknown): boolean =>
  Array.isArray(value) &&
  value.length <= 100 &&
  value.every((item) => typeof item === 'string' && item.length <= 300);

/** Validates a view, which comes from the network. */
export function isView(value: unknown): value is View {
  if (typeof value !== 'object' || value === null) return false;
  const view = value as Record<string, unknown>;
  if (view['kind'] === 'flow') return typeof view['id'] === 'string' && view['id'].length <= 100;
  return view['kind'] === 'flows' && texts(view['types']) && texts(view['statuses']);
}
