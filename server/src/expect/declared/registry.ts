import type { Definition, DefinitionSource, StoredDefinition } from '../../model/definition.ts';

/** Holds declared flows, found by flow type and version. */
export interface Definitions {
  /**
   * Returns the definition of this version of the flow type. If there is none, returns the
   * definition without a version, or else the newest one of the type; null if the type has no
   * definition.
   */
  of(type: string, version: string): Definition | null;
  list(): StoredDefinition[];
  /**
   * Adds definitions, and returns the ones that changed something. A definition that repeats the
   * known one changes nothing, nor does a definition from a source of lower precedence.
   */
  add(
    definitions: readonly Definition[],
    source: DefinitionSource,
    atMs: number,
  ): StoredDefinition[];
}

/**
 * Maximum number of definitions (one for each type and version) from each source. A faulty service
 * must not use up the room that operators need.
 */
const MAX_DEFINITIONS: Record<DefinitionSource, number> = { sdk: 1000, api: 1000, file: Infinity };
/**
 * Precedence of the sources. A new definition replaces a known one only if the source of the new
 * one has the same or a higher number. So a service cannot overrule an operator.
 */
const SAY: Record<DefinitionSource, number> = { sdk: 0, api: 1, file: 2 };

export function createDefinitions(): Definitions {
  const byType = new Map<string, Map<string, StoredDefinition>>();
  const counts: Record<DefinitionSource, number> = { sdk: 0, api: 0, file: 0 };
  return {
    of(type, version) {
      const versions = byType.get(type);
      if (versions === undefined) return null;
      const own = versions.get(version) ?? versions.get('');
      if (own) return own.definition;
      return [...versions.values()].reduce((a, b) => (b.at >= a.at ? b : a)).definition;
    },
    list: () => [...byType.values()].flatMap((versions) => [...versions.values()]),
    add(definitions, source, at) {
      const changed: StoredDefinition[] = [];
      for (const definition of definitions) {
        const versions = byType.get(definition.type) ?? new Map<string, StoredDefinition>();
        const known = versions.get(definition.version);
        if (known?.source !== source && counts[source] >= MAX_DEFINITIONS[source]) continue;
        if (known !== undefined) {
          if (SAY[source] < SAY[known.source]) continue;
          if (
            known.source === source &&
            JSON.stringify(known.definition) === JSON.stringify(definition)
          )
            continue;
          counts[known.source]--;
        }
        counts[source]++;
        const stored = { definition, source, at };
        versions.set(definition.version, stored);
        byType.set(definition.type, versions);
        changed.push(stored);
      }
      return changed;
    },
  };
}
