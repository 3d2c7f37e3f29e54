/** Path of a page of the dashboard, and a text that it shows once it is loaded. */
export interface Address {
  path: string;
  shows: string | RegExp;
}

/** Returns every page and tab of the dashboard. `type` and `key` are those of an ended flow. */
export const addressesOf = (type: string, key: string): Address[] => {
  const typed = `type=${encodeURIComponent(type)}`;
  const flow = `/flow/${encodeURIComponent(key)}`;
  return [
    { path: '/', shows: 'Nothing is stuck.' },
    { path: '/flows', shows: key },
    { path: flow, shows: key },
    { path: `${flow}?tab=steps`, shows: key },
    { path: `${flow}?tab=sequence`, shows: key },
    { path: `${flow}?tab=evidence`, shows: 'How sure' },
    { path: `/flows?tab=map&${typed}`, shows: 'thicker' },
    { path: `/flows?tab=latency&${typed}`, shows: 'p95 is' },
    { path: '/flows?tab=variants', shows: 'usual way' },
    { path: '/flows?tab=failures', shows: /No step failed|has no failure/ },
    { path: '/flows?tab=differences', shows: 'Today against yesterday' },
    { path: '/incidents', shows: 'No open incidents' },
    { path: '/alerts', shows: 'No open incidents.' },
    { path: '/services', shows: 'checkout' },
    { path: '/settings', shows: 'Definitions' },
    { path: '/connect', shows: 'Node' },
  ];
};
