import { play } from './absence.ts';
import { SHAPES } from './shapes.ts';
import { random, simulate } from './simulator.ts';

/**
 * This is `npm run absence`. It measures how well stalls are found without a definition, over
 * several seeds, orders of arrival and a restart. It takes minutes, so each result is also printed
 * to stderr as soon as it is known.
 */
const startMs = 1_794_000_000_000;
const [
  flows = '10000',
  stalls = '200',
  seeds = '1,2,3,4,5',
  modes = 'plain,shuffled,restarted,skewed',
] = process.argv.slice(2);
const rows: Record<string, object> = {};
for (const seed of seeds.split(',').map(Number))
  for (const mode of modes.split(',')) {
    const from = performance.now();
    const simulated = simulate({
      seed,
      shapes: SHAPES,
      flows: Number(flows),
      stalls: Number(stalls),
      startMs,
      overMs: 2 * 3_600_000,
      skewMs: mode === 'skewed' ? 5000 : 0,
    });
    const score = await play(simulated, startMs, {
      ...(mode === 'shuffled' && { shuffle: { windowMs: 3000, random: random(seed + 1000) } }),
      ...(mode === 'restarted' && { restartAt: 0.5 }),
    });
    const percent = (share: number): string => `${(share * 100).toFixed(1)} %`;
    const name = `seed ${seed}, ${mode}`;
    const row = {
      recall: percent(score.recall),
      precision: percent(score.precision),
      named: percent(score.named),
      'in time': percent(score.inTime),
      'in hindsight': score.inHindsight,
      'false alarms': score.falseAlarms.length,
      seconds: Math.round((performance.now() - from) / 1000),
    };
    rows[name] = row;
    console.error(`${name}: ${inWords(row)}`);
    if (process.env['VERBOSE'])
      console.log(
        [...score.missed.slice(0, 20), '--', ...score.falseAlarms.slice(0, 20)].join('\n'),
      );
  }
console.table(rows);

function inWords(row: object): string {
  return Object.entries(row)
    .map(([figure, value]) => `${figure} ${value}`)
    .join(', ');
}
