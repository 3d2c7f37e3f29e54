import { join } from 'node:path';
import { hint, ok, wrong, type Diagnosis } from './diagnosis.ts';
import { resolvedFrom, versionIn, type Installed } from './installed.ts';

const SDK = '@opentelemetry/sdk-node';
const API = '@opentelemetry/api';

/**
 * Returns the folder of a package as the service resolves it, else as this package (in the folder
 * `own`) does.
 */
const found = (folder: string, name: string, own: string): string | undefined =>
  resolvedFrom(folder, name) ?? resolvedFrom(own, name);

export function sdkInstalled(folder: string, installed: Installed, own = __dirname): Diagnosis {
  const path = found(folder, SDK, own);
  if (path !== undefined)
    return ok('OpenTelemetry SDK', `sdk-node ${versionIn(join(path, 'package.json'))}`);
  const copies = installed.get(SDK) ?? [];
  return copies.length > 0
    ? hint(
        'OpenTelemetry SDK',
        `sdk-node ${copies[0]!.version} (${copies[0]!.path}), which this folder does not resolve`,
        `npm install ${SDK} where the service is`,
      )
    : wrong('OpenTelemetry SDK', `${SDK} is not installed here`, `npm install ${SDK}`);
}

/**
 * Checks the installed copies of @opentelemetry/api. The SDK registers itself with one copy. A copy
 * of another major version or of a newer minor version cannot see it and does nothing; a copy of an
 * older minor version works.
 */
export function oneApi(folder: string, installed: Installed, from = __dirname): Diagnosis {
  const copies = [...(installed.get(API) ?? [])];
  const sdk = found(folder, SDK, from);
  const own = (sdk === undefined ? undefined : resolvedFrom(sdk, API)) ?? found(folder, API, from);
  if (own === undefined && copies.length === 0)
    return wrong(API, 'not installed here', `npm install ${API}@^1.9`);
  const registered = own === undefined ? copies[0]!.version : versionIn(join(own, 'package.json'));
  const listed = copies.map(
    ({ version, path }) => `${version} (${path.replace(`${folder}/`, '')})`,
  );
  if (copies.length <= 1) return ok(API, listed[0] ?? registered);
  const silent = copies.filter(({ version }) => !works(version, registered));
  return silent.length === 0
    ? ok(API, `${copies.length} copies that work together: ${listed.join(', ')}`)
    : wrong(
        API,
        `${copies.length} copies: ${listed.join(', ')}; the SDK uses ${registered}`,
        'Keep one: npm dedupe, or "overrides": { "@opentelemetry/api": "…" } in package.json. What uses the other copy is silent.',
      );
}

function works(version: string, registered: string): boolean {
  const [major, minor] = version.split('.').map(Number);
  const [registeredMajor, registeredMinor] = registered.split('.').map(Number);
  return major === registeredMajor && (minor ?? 0) <= (registeredMinor ?? 0);
}
