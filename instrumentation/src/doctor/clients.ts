import { CLIENT_PACKAGES, remarkOn, standingOf, type ClientPackage } from '../clients.ts';
import { hint, ok, type Diagnosis } from './diagnosis.ts';
import type { Installed } from './installed.ts';

/** Yields, for each installed broker client, whether and how it is traced. */
export function* clients(installed: Installed): Generator<Diagnosis> {
  let count = 0;
  for (const known of CLIENT_PACKAGES) {
    const versions = new Set(installed.get(known.name)?.map(({ version }) => version));
    for (const version of versions) {
      count++;
      yield about(known, version);
    }
  }
  if (count === 0)
    yield hint('clients', 'no client of a broker is installed here that this program knows of');
}

function about(known: ClientPackage, version: string): Diagnosis {
  const check = `${known.name} ${version}`;
  const more = known.hint === undefined ? '' : ` (${known.hint})`;
  if (known.how === 'not') return hint(check, 'not traced: there is no adapter', known.hint);
  const remark = remarkOn(known, version);
  if (remark === undefined)
    return known.how === 'register'
      ? ok(check, `traced by register${more}`)
      : hint(check, 'traced by hand only', known.hint);
  const how = known.how === 'register' ? 'traced by register' : 'traced by hand only';
  return hint(
    check,
    standingOf(known, version) === 'untested' ? `${how}, ${remark}` : remark,
    'install such a version, or publishEvent and handleMessage around what sends and handles',
  );
}
