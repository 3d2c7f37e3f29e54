import type { FlowSource } from '../format.ts';
import { declare, eventsOfFlows, objectsOfFlows, type OcelTypes } from './ocel-content.ts';

/**
 * Writes OCEL 2.0 as JSON (https://www.ocel-standard.org). Objects come first, so that readers know
 * them when they meet the events; what types there are is known at the end only.
 */
export async function* writeOcel(source: FlowSource): AsyncIterable<string> {
  const known = new Set<string>();
  const objectTypes: OcelTypes = new Map();
  yield '{"objects":[';
  let separator = '\n';
  for await (const object of objectsOfFlows(source, known)) {
    declare(objectTypes, object);
    yield separator + JSON.stringify(object);
    separator = ',\n';
  }
  yield '\n],\n"events":[';
  const eventTypes: OcelTypes = new Map();
  separator = '\n';
  for await (const event of eventsOfFlows(source, known)) {
    declare(eventTypes, event);
    yield separator + JSON.stringify(event);
    separator = ',\n';
  }
  yield `\n],\n"objectTypes":${typesOf(objectTypes)},\n`;
  yield `"eventTypes":${typesOf(eventTypes)}}\n`;
}

const typesOf = (types: OcelTypes): string =>
  JSON.stringify(
    [...types].map(([name, attributes]) => ({
      ...{ name, attributes: [...attributes].map(([one, type]) => ({ name: one, type })) },
    })),
  );
