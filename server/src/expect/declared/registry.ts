import type { Definition, DefinitionSource, StoredDefinition } from '../../model/definition.ts';

/** Declared flows, found by flow type and version. */
export interface Definitions {
  /** The one of the flow's version, else the newest without one, else the newest. */
  of(type: string, version: string): Definition | null;
  list(): StoredDefinition[];
  /**
   * Returns those that changed something: repeating a definition does not, nor contradicting who
   * has more of a say.
   */
  add(
    definitions: readonly Definition[],
    source: DefinitionSource,
    atMs: number,
  ): StoredDefinition[];
}

/**
 * Types and versions beyond this are refused: services can be wrong, and must leave room for who
 * operates them.
 */
const MAX_DEFINITIONS: Record<DefinitionSource, number> = { sdk: 1000, api: 1000, file: Infinity };
/** What an operator says is not changed by what a service says. */
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
