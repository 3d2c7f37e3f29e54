import { playOutage } from './outage.ts';

/** `npm run outage`: one service down while 5,000 orders pass; what people are told. */
const [flows = '15000', seed = '1'] = process.argv.slice(2);
console.table({ outage: await playOutage(Number(seed), Number(flows)) });
