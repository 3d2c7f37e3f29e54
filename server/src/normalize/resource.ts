import { createBoundedTextMap } from '../base/bounded-text-map.ts';
import type { OtlpResource } from '../model/otlp.ts';
import type { Service } from '../model/span.ts';
import { moreOf } from './more.ts';
import { isLongName, nameOf, type AttributeReader } from './attributes.ts';
import { IMPORTED, RESOURCE } from './names.ts';

/** Facts about a resource, which are read once and reused for all spans of the resource. */
export interface ResourceMemo {
  service: Service;
  json: string;
  /** Rarely present fields of the resource as JSON; '' if there are none. */
  more: string;
  namesCut: number;
}

/**
 * Maximum size of the cache of services, characters. It suffices for 50,000 services with names of
 * usual length.
 */
const MAX_SERVICE_CHARACTERS = 8_000_000;

export type ResourceReader = (resource: OtlpResource) => ResourceMemo;

export function createResourceReader(reader: Pick<AttributeReader, 'plainJson'>): ResourceReader {
  /**
   * Cache of services. All spans of a service share one object, which saves memory if there are a
   * million spans.
   */
  const services = createBoundedTextMap<Service>(MAX_SERVICE_CHARACTERS);
  return (resource) => {
    if (resource.memo !== undefined) return resource.memo as ResourceMemo;
    let namesCut = 0;
    const find = (names: readonly string[]): string => {
      for (const name of names)
        for (let i = 0; i < resource.attributes.length; i += 2)
          if (resource.attributes[i] === name) {
            const value = resource.attributes[i + 1];
            if (isLongName(value)) namesCut++;
            return nameOf(value);
          }
      return '';
    };
    const host = find(RESOURCE.host);
    const imported = isMarked(resource);
    const service: Service = {
      environment: find(RESOURCE.environment),
      name: find(RESOURCE.service) || 'unknown_service',
      version: find(RESOURCE.version),
      instance: find(RESOURCE.instance),
      ...(host !== '' && { host }),
      ...(imported && { imported: true as const }),
    };
    const { environment, name, version, instance } = service;
    const id = [environment, name, version, instance, host, imported].join('\0');
    let known = services.get(id);
    if (known === undefined) services.set(id, (known = service), 2 * id.length);
    const { json, doubles } = reader.plainJson(resource.attributes);
    const more = moreOf({
      schemaUrl: resource.schemaUrl,
      dropped: resource.dropped,
      doubles: doubles.length > 0 ? doubles : undefined,
    });
    const memo: ResourceMemo = { service: known, json, more, namesCut };
    resource.memo = memo;
    return memo;
  };
}

function isMarked({ attributes }: OtlpResource): boolean {
  const at = attributes.indexOf(IMPORTED);
  const value = at % 2 === 0 ? attributes[at + 1] : undefined;
  return value === true || value === 'true';
}
