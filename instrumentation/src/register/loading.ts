import * as nodeModule from 'node:module';
import { pathToFileURL } from 'node:url';
import { diag } from '@opentelemetry/api';
import { addHook } from 'import-in-the-middle';
import { Hook } from 'require-in-the-middle';

const load = nodeModule.createRequire(__filename);

/**
 * Patches a module when the application loads it, wherever it is installed: nested in another
 * package, in pnpm's store, or in an archive of Yarn. Resolving it from the working directory would
 * miss all of these. The function may return an object that replaces the module.
 */
export type Instrument = (module: never) => object | void;

/** Exports of a module as `import * as` returns them. The loader hook makes them writable. */
type Namespace = Record<string, unknown>;

/**
 * Calls the function for a module when the module is first loaded, by `require` or by `import`.
 * Errors are logged and never reach the application.
 */
export function onLoad(
  instruments: Readonly<Record<string, Instrument>>,
  onFound: (name: string, folder: string | undefined) => void,
): void {
  const names = Object.keys(instruments);
  const instrument = (name: string, module: object, folder: string | undefined): object => {
    try {
      const instead = instruments[name]!(module as never);
      onFound(name, folder);
      return typeof instead === 'object' ? instead : module;
    } catch (error) {
      diag.warn(`fermata: ${name} could not be traced`, error);
      return module;
    }
  };
  new Hook(names, <T>(exported: T, name: string, folder: string | undefined) =>
    isObject(exported) ? (instrument(withoutEnding(name), exported, folder) as T) : exported,
  );
  hookImports(names);
  addHook((url, namespace, specifier) => {
    const name = nameOf(url, specifier ?? '');
    if (!Object.hasOwn(instruments, name)) return;
    const target = exportsBehind(namespace);
    const instead = instrument(name, target, folderOf(url)) as Namespace;
    if (target === namespace && instead === target) return;
    copyChanged(instead, namespace);
  });
}

/**
 * Environment variable that is set while Node starts its loader thread. That thread runs
 * `--require` again and must start no SDK of its own.
 */
const IN_LOADER = 'FERMATA_IN_LOADER';

const isObject = (value: unknown): value is object =>
  (typeof value === 'object' && value !== null) || typeof value === 'function';
const withoutEnding = (name: string): string =>
  name.replaceAll('\\', '/').replace(/\.[cm]?js$/, '');
/**
 * Returns whether the name is a path inside a package, such as `pkg/lib/file`. The package itself
 * imports such a module by a relative path.
 */
const isInside = (name: string): boolean => name.split('/').length > (name.startsWith('@') ? 2 : 1);
/**
 * Returns the name of an imported module. A relative import, made inside a package, is named by its
 * path below `node_modules`.
 */
const nameOf = (url: string, specifier: string): string =>
  withoutEnding(
    specifier.startsWith('.') ? (/^file:.*\/node_modules\/(.*)$/.exec(url)?.[1] ?? '') : specifier,
  );
const folderOf = (url: string): string | undefined =>
  /^file:\/\/(.*\/node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(url)?.[1];

/**
 * Returns the object whose properties are the module's exports. For a CommonJS module this is
 * `module.exports`, which is the default export of the namespace.
 */
function exportsBehind(namespace: Namespace): object {
  const whole = namespace['default'];
  if (!isObject(whole)) return namespace;
  const names = Object.keys(namespace).filter((name) => !/^(default|module\.exports)$/.test(name));
  const same = names.every((name) => (whole as Namespace)[name] === namespace[name]);
  return same ? whole : namespace;
}

/** Copies exports that were replaced to the namespace, so that `import` gets them too. */
function copyChanged(from: Namespace, namespace: Namespace): void {
  for (const name of Object.keys(namespace)) {
    const value = name === 'default' || name === 'module.exports' ? from : from[name];
    if (value === undefined || value === namespace[name]) continue;
    try {
      namespace[name] = value;
    } catch (error) {
      diag.warn(`fermata: the import "${name}" could not be traced`, error);
    }
  }
}

/**
 * Makes imports of these modules pass through the hook. Newer versions of Node run the hook on the
 * application's own thread, older ones on a loader thread.
 */
function hookImports(names: readonly string[]): void {
  const include = [
    ...names.flatMap((name) => [name, `${name}.js`, `${name}/index.js`]),
    ...names.filter(isInside).map((name) => new RegExp(`/node_modules/${name}\\.js$`)),
  ];
  try {
    const hooks = load('import-in-the-middle/register-hooks.mjs') as {
      register: (options: { include: (string | RegExp)[] }) => void;
      supportsSyncHooks: () => boolean;
    };
    if (hooks.supportsSyncHooks()) hooks.register({ include });
    else {
      process.env[IN_LOADER] = '1';
      nodeModule.register('import-in-the-middle/hook.mjs', pathToFileURL(__filename), {
        data: { include },
      });
    }
  } catch (error) {
    diag.warn('fermata: clients that are imported cannot be traced', error);
  } finally {
    delete process.env[IN_LOADER];
  }
}
