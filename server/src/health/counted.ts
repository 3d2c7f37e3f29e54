import type { Clock } from '../base/clock.ts';
import type { Counters } from '../base/counters.ts';
import type { Condition } from './condition.ts';

interface Counted {
  id: string;
  text: string;
  hint: string;
  /**
   * Set for a loss of data. Because the loss is permanent, the condition stays until the next start
   * of the server.
   */
  stays?: true;
}

/**
 * Conditions by the metric that reveals them. For a counter, the condition is reported if the
 * counter has increased recently. For a gauge, it is reported while the gauge is above zero.
 */
const COUNTED: ReadonlyMap<string, Counted> = new Map(
  Object.entries<Counted>({
    fermata_types_not_learned_total: {
      id: 'types-not-learned',
      text: 'Of some flow types nothing is learned: there are more of them than are kept',
      hint: 'Does something that varies (an id, a date) stand in the names of flow types? fermata_learned_types at /metrics counts them.',
    },
    fermata_journal_damaged_records_total: {
      id: 'journal-damaged',
      text: 'Records of the journal were damaged: acknowledged spans may be lost',
      hint: 'Look at the disk. What is left of them is kept in the folder journal of the data directory.',
      stays: true,
    },
    fermata_journal_missing_records_total: {
      id: 'journal-missing',
      text: 'Records of the journal are missing: acknowledged spans are lost',
      hint: 'Look at the disk, and at who deletes files in the data directory.',
      stays: true,
    },
    fermata_broken_parts_total: {
      id: 'broken-parts',
      text: 'Parts of the tables were broken, and are put aside',
      hint: 'Look at the disk. Flows are rebuilt from what is left of the spans.',
      stays: true,
    },
    fermata_rebuild_running: {
      id: 'rebuilding',
      text: 'Flows are rebuilt from their spans: lists may lack some until that is done',
      hint: 'It ends by itself; fermata_rebuild_traces_left at /metrics says how much is left.',
    },
    fermata_names_cut_total: {
      id: 'names-cut',
      text: 'Names of services, steps or flow types are cut to their limit',
      hint: 'Does data stand in them? Names say what kind of thing it is; values belong into attributes.',
    },
  }),
);
/** Time for which the condition of a counter is reported after the counter's last increase, ms. */
const GOES_ON_MS = 3_600_000;

/**
 * Returns a function that lists the conditions of recently increased counters and of gauges above
 * zero. It must be called regularly, because it compares each counter with its value at the last
 * call.
 */
export function createCounted(clock: Clock, counters: Counters): () => Condition[] {
  const seen = new Map<string, { value: number; since: number; lastMs: number }>();
  return () => {
    const now = clock.now();
    const going: Condition[] = [];
    for (const { name, value, kind } of counters.read()) {
      const about = COUNTED.get(name);
      if (about === undefined) continue;
      if (kind === 'gauge') {
        if (value > 0)
          going.push({ id: about.id, text: about.text, hint: about.hint, blocks: false });
        continue;
      }
      const known = seen.get(name);
      if (known !== undefined && value <= known.value) continue;
      const goesOn = known !== undefined && now - known.lastMs < GOES_ON_MS;
      if (value > 0) seen.set(name, { value, since: goesOn ? known.since : now, lastMs: now });
    }
    const happened = [...seen].flatMap(([name, { since, lastMs }]): Condition[] => {
      const { stays, ...condition } = COUNTED.get(name)!;
      return stays || now - lastMs < GOES_ON_MS ? [{ ...condition, blocks: false, since }] : [];
    });
    return [...happened, ...going];
  };
}
