import type { Definition, DefinitionSource, StoredDefinition } from '../../model/definition.ts';

/** Holds declared flows, found by flow type and version. */
export interface Definitions {
  /**
   * Returns the definition of the flow's version, else the newest without a version, else the
   * newest.
   */
  of(type: string, version: string): Definition | null;
  list(): StoredDefinition[];
  /**
   * Returns the definitions that changed something. A repeated definition changes nothing, nor does
   * one from a source of lower precedence.
   */
  add(
    definitions: readonly Definition[],
    source: DefinitionSource,
    atMs: number,
  ): StoredDefinition[];
}

/**
 * Maximum number of types and versions by source: faulty services must leave room for operators.
 */
const MAX_DEFINITIONS: Record<DefinitionSource, number> = { sdk: 1000, api: 1000, file: Infinity };
/** Precedence of sources: a service does not overrule an operator. */
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
