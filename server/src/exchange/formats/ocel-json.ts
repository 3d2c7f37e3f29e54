import type { OcelEvent, OcelObject } from './ocel-log.ts';

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null;
const listOf = (value: unknown): Record<string, unknown>[] =>
  Array.isArray(value) ? value.filter(isRecord) : [];
const textOf = (value: unknown): string =>
  typeof value === 'string' || typeof value === 'number' ? String(value) : '';
const relationsOf = (value: unknown): NonNullable<OcelObject['relationships']> =>
  listOf(value).map(({ objectId, qualifier }) => ({
    ...{ objectId: textOf(objectId), qualifier: textOf(qualifier) },
  }));
const attributesOf = (value: unknown): NonNullable<OcelObject['attributes']> =>
  listOf(value).map(({ name, time, value: of }) => ({
    ...{ name: textOf(name), time: textOf(time) },
    value: typeof of === 'boolean' || typeof of === 'number' ? of : textOf(of),
  }));

/** Converts any JSON object to an OCEL object. Values of a wrong type are replaced. */
export const objectOf = ({
  id,
  type,
  attributes,
  relationships,
}: Record<string, unknown>): OcelObject => ({
  ...{ id: textOf(id), type: textOf(type) },
  ...{ attributes: attributesOf(attributes), relationships: relationsOf(relationships) },
});
/** Converts any JSON object to an OCEL event. Values of a wrong type are replaced. */
export const eventOf = (of: Record<string, unknown>): OcelEvent => ({
  ...{ id: textOf(of['id']), type: textOf(of['type']), time: textOf(of['time']) },
  attributes: attributesOf(of['attributes']).map(({ name, value }) => ({ name, value })),
  relationships: relationsOf(of['relationships']),
});
