import type { FlowChanged, View } from '../contract/index.ts';

/** Who hears what. */
export function sees(view: View, change: FlowChanged): boolean {
  if (view.kind === 'flow') return change.id === view.id || change.movedTo === view.id;
  // A flow that left the filter must be told too, or it would stay on the screen: status is left to
  // the client.
  return change.flow === null || view.types.length === 0 || view.types.includes(change.flow.type);
}

const texts = (value: unknown): boolean =>
  Array.isArray(value) &&
  value.length <= 100 &&
  value.every((item) => typeof item === 'string' && item.length <= 300);

/** Views come from the network. */
export function isView(value: unknown): value is View {
  if (typeof value !== 'object' || value === null) return false;
  const view = value as Record<string, unknown>;
  if (view['kind'] === 'flow') return typeof view['id'] === 'string' && view['id'].length <= 100;
  return view['kind'] === 'flows' && texts(view['types']) && texts(view['statuses']);
}
