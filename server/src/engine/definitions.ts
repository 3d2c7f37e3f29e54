import type { Clock } from '../base/clock.ts';
import type { Counters } from '../base/counters.ts';
import { messageOf } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import { definitionsFrom, type Expectations } from '../expect/index.ts';
import type { Definition, DefinitionSource, StoredDefinition } from '../model/definition.ts';
import type { DocumentStore } from '../store/index.ts';

/**
 * Manages flow definitions from the operator's files, the API and services. Definitions from the
 * API and from services are stored. A new definition immediately applies to open flows.
 */
export interface DefinitionDesk {
  /**
   * Loads the stored definitions at start. Then applies the definitions from the operator's files,
   * which replace stored ones.
   */
  load(fromFiles: readonly Definition[]): Promise<void>;
  /**
   * Stores definitions and applies them to open flows. Returns the number of definitions that were
   * new or different.
   */
  define(definitions: readonly Definition[], source: DefinitionSource): Promise<number>;
  /**
   * Queues the definitions that a service announced. Requests are answered without waiting until
   * they are stored. Invalid definitions are logged and counted.
   */
  announced(json: string): void;
  list(): StoredDefinition[];
}

export interface DefinitionDeskOptions {
  clock: Clock;
  counters: Counters;
  log: Log;
  store: DocumentStore<'definition'>;
  expectations: Expectations;
  judgeAgain(types: ReadonlySet<string>): Promise<void>;
}

/**
 * Maximum number of queued announcements. Further announcements are refused, and the service
 * repeats them at its next start.
 */
const MAX_WAITING = 1000;

export function createDefinitionDesk(options: DefinitionDeskOptions): DefinitionDesk {
  const { clock, counters, log, store, expectations } = options;
  /**
   * Announced JSON texts that are not stored yet. It is a set, because every instance of a service
   * announces the same definitions at its start.
   */
  const waiting = new Set<string>();
  let taking = false;
  const define = async (
    definitions: readonly Definition[],
    source: DefinitionSource,
  ): Promise<number> => {
    const changed = expectations.define(definitions, source, clock.now());
    for (const stored of changed)
      await store.saveDocument(
        'definition',
        `${stored.definition.type}\u0001${stored.definition.version}`,
        stored.at,
        JSON.stringify(stored),
      );
    if (changed.length === 0) return 0;
    await options.judgeAgain(new Set(changed.map((one) => one.definition.type)));
    return changed.length;
  };
  return {
    define,
    list: () => expectations.definitions(),
    async load(fromFiles) {
      for (const { body } of await store.documents('definition')) {
        const { definition, source, at } = JSON.parse(body) as StoredDefinition;
        expectations.define([definition], source, at);
      }
      expectations.define(fromFiles, 'file', clock.now());
    },
    announced(json) {
      if (waiting.size >= MAX_WAITING) return counters.add('fermata_refused_definitions_total');
      waiting.add(json);
      if (!taking) void takeAll();
    },
  };

  /**
   * Stores the queued announcements one by one. Yields to the event loop before each of them, so
   * that spans are processed in between.
   */
  async function takeAll(): Promise<void> {
    taking = true;
    for (const json of waiting) {
      await new Promise((resolve) => setImmediate(resolve));
      waiting.delete(json);
      const { definitions, problems } = definitionsFrom(parsed(json));
      if (problems.length > 0) {
        counters.add('fermata_refused_definitions_total');
        log.warn(
          { problems: problems.slice(0, 5) },
          'a service announced a definition that is wrong',
        );
      } else
        await define(definitions, 'sdk').catch((error: unknown) =>
          log.warn({ reason: messageOf(error) }, 'an announced definition could not be stored'),
        );
    }
    taking = false;
  }
}

function parsed(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return null;
  }
}
