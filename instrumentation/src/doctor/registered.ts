import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { hint, ok, type Diagnosis, type Environment } from './diagnosis.ts';
import { foldersAbove, type Installed } from './installed.ts';

const REGISTER = '@fermata/instrumentation/register';
/** Matches files that may contain the command that starts a service. */
const STARTERS =
  /^(package\.json|Procfile|.*Dockerfile.*|(docker-)?compose.*\.ya?ml|(ecosystem|pm2)\.(config\.)?\w+|\.npmrc|\.env)$/;

/**
 * Searches for the option that loads `register`. If it is not found, the result is only a hint,
 * because the option may be on a command line that this program cannot see.
 */
export function registered(folder: string, env: Environment, installed: Installed): Diagnosis {
  const options = env['NODE_OPTIONS'] ?? '';
  const loads = /--(import|require|r)[ =]\S*(fermata|instrumentation)/.exec(options);
  if (loads?.[1] === 'import' && installed.has('ts-node'))
    return hint(
      'register',
      'loaded by NODE_OPTIONS with --import, which ts-node does not run with',
      `NODE_OPTIONS="--require ${REGISTER}", if the service runs by ts-node`,
    );
  if (loads !== null) return ok('register', 'loaded by NODE_OPTIONS');
  for (const place of foldersAbove(folder).slice(0, 3))
    for (const name of filesIn(place))
      if (STARTERS.test(name) && textOf(join(place, name)).includes(REGISTER))
        return ok('register', `loaded by ${name}`);
  return hint(
    'register',
    'not known from here; it may stand on the command line',
    `node ${flagFor(folder)} ${REGISTER} app.js, or NODE_OPTIONS="${flagFor(folder)} ${REGISTER}", unless the service starts an SDK itself`,
  );
}

/**
 * Returns the Node option that loads `register` before a service in this folder: `--import` for ES
 * modules, else `--require`.
 */
function flagFor(folder: string): string {
  for (const place of foldersAbove(folder)) {
    const text = textOf(join(place, 'package.json'));
    if (text !== '') return /"type"\s*:\s*"module"/.test(text) ? '--import' : '--require';
  }
  return '--require';
}

function filesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
