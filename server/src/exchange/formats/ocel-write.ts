import type { Flow, Step } from '../../model/flow.ts';
import type { FlowSource } from '../format.ts';
import { writeInstant } from '../instants.ts';
import { caseOf, endOf, errorText } from '../names.ts';

/**
 * Writes OCEL 2.0 as JSON (https://www.ocel-standard.org). Each flow is an object, each of its
 * business keys is one that it may share with others, and each step is an event, at its end. Objects
 * come first, so that readers know them when they meet the events; what types there are is known at
 * the end only.
 */
export async function* writeOcel(source: FlowSource): AsyncIterable<string> {
  const objects = new Set<string>();
  const objectTypes = new Map<string, ReadonlySet<string>>();
  yield '{"objects":[';
  let separator = '\n';
  for await (const flow of source.heads())
    for (const object of objectsOf(flow, objects)) {
      const names = new Set(object.attributes.map(({ name }) => name));
      objectTypes.set(object.type, new Set([...(objectTypes.get(object.type) ?? []), ...names]));
      yield separator + JSON.stringify(object);
      separator = ',\n';
    }
  yield '\n],\n"events":[';
  const eventTypes = new Set<string>();
  separator = '\n';
  for await (const flow of source.flows()) {
    if (!objects.has(idOf(flow))) continue;
    const known = objectRefs(flow).filter(({ objectId }) => objects.has(objectId));
    for (const step of flow.steps) {
      eventTypes.add(typeOf(step));
      yield separator + JSON.stringify(eventOf(flow, step, known));
      separator = ',\n';
    }
  }
  yield `\n],\n"objectTypes":${typesOf(objectTypes, () => 'string')},\n`;
  const attributes = new Set(Object.keys(EVENT_ATTRIBUTES));
  const types = new Map([...eventTypes].map((name) => [name, attributes]));
  yield `"eventTypes":${typesOf(types, (name) => EVENT_ATTRIBUTES[name] ?? 'string')}}\n`;
}

/** Attributes of events, and the types that OCEL gives to them. */
const EVENT_ATTRIBUTES: Readonly<Record<string, string>> = {
  ...{ service: 'string', start: 'time', status: 'string', attempts: 'integer', error: 'string' },
  'caused by': 'string',
};

interface OcelObject {
  id: string;
  type: string;
  attributes: { name: string; time: string; value: string }[];
  relationships: { objectId: string; qualifier: string }[];
}

/** Ids of objects are shared by all types, so each names its type. */
const idOf = (flow: Flow): string => `${typeOfFlow(flow)}:${flow.id}`;
const typeOfFlow = ({ type }: Flow): string => type || 'flow';
const keyId = (name: string, value: string): string => `key ${name}:${value}`;
const typeOf = ({ name }: Step): string => name || 'step';

function objectRefs(flow: Flow): { objectId: string; qualifier: string }[] {
  return [
    { objectId: idOf(flow), qualifier: 'flow' },
    ...flow.keys.map(([name, value]) => ({ objectId: keyId(name, value), qualifier: 'key' })),
  ];
}

/** Returns the objects of a flow that no flow before it had, and remembers them. */
function objectsOf(flow: Flow, known: Set<string>): OcelObject[] {
  if (known.has(idOf(flow))) return [];
  known.add(idOf(flow));
  const time = writeInstant(flow.started);
  const texts = {
    ...{ name: caseOf(flow), environment: flow.environment, status: flow.status },
    outcome: flow.outcome ?? '',
  };
  const keys = flow.keys.map(([name, value]) => ({ id: keyId(name, value), type: name, value }));
  const own: OcelObject = {
    id: idOf(flow),
    type: typeOfFlow(flow),
    attributes: Object.entries(texts)
      .filter(([, value]) => value !== '')
      .map(([name, value]) => ({ name, time, value })),
    relationships: [],
  };
  const others = keys.flatMap(({ id, type, value }): OcelObject[] => {
    if (known.has(id)) return [];
    known.add(id);
    return [{ id, type, attributes: [{ name: 'value', time, value }], relationships: [] }];
  });
  return [own, ...others];
}

function eventOf(
  flow: Flow,
  step: Step,
  relationships: ReturnType<typeof objectRefs>,
): Record<string, unknown> {
  const values: Record<string, string | number> = {
    ...{ service: step.service, start: writeInstant(step.start), status: step.status },
    ...{ attempts: step.attempts.length, error: errorText(step) },
    'caused by': step.causedBy.join(' '),
  };
  return {
    id: `${flow.id}/${step.id}`,
    type: typeOf(step),
    time: writeInstant(endOf(step)),
    attributes: Object.entries(values)
      .filter(([, value]) => value !== '')
      .map(([name, value]) => ({ name, value })),
    relationships,
  };
}

const typesOf = (
  types: ReadonlyMap<string, ReadonlySet<string>>,
  typeOfAttribute: (name: string) => string,
): string =>
  JSON.stringify(
    [...types].map(([name, attributes]) => ({
      name,
      attributes: [...attributes].map((one) => ({ name: one, type: typeOfAttribute(one) })),
    })),
  );
