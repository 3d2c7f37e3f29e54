import { KINDS, playReusedIds, type Kind } from './reused-ids.ts';

/**
 * Runs `npm run reused-ids`: times answers while ids are used again and again, beside the same load
 * with ids of their own.
 */
const [minutes = '10', ...kinds] = process.argv.slice(2);
const chosen = kinds.length === 0 ? KINDS : KINDS.filter((kind: Kind) => kinds.includes(kind));
// They run at the same time, so that they share whatever else the machine does.
console.table(await Promise.all(chosen.map((kind) => playReusedIds(kind, Number(minutes)))));
