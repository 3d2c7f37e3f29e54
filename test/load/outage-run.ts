import { playOutage } from './outage.ts';

/** Runs `npm run outage`: one service is down while 5,000 orders pass; prints the notifications. */
const [flows = '15000', seed = '1'] = process.argv.slice(2);
console.table({ outage: await playOutage(Number(seed), Number(flows)) });
