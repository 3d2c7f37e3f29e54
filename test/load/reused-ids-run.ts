import { KINDS, playReusedIds, type Kind } from './reused-ids.ts';

/**
 * This is `npm run reused-ids`. It measures response times while message ids are reused all the
 * time, compared with the same load with unique ids.
 */
const [minutes = '10', ...kinds] = process.argv.slice(2);
const chosen = kinds.length === 0 ? KINDS : KINDS.filter((kind: Kind) => kinds.includes(kind));
// All kinds run at the same time, so that other load of the machine affects them equally.
console.table(await Promise.all(chosen.map((kind) => playReusedIds(kind, Number(minutes)))));
