import { existsSync, readdirSync, readFileSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** Installed packages by name. Each copy of a package has its folder and its version. */
export type Installed = ReadonlyMap<string, readonly { path: string; version: string }[]>;

/** Maximum depth of nested `node_modules` folders that are searched. */
const MAX_DEPTH = 4;
/** Maximum depth below the service's folder at which packages of a monorepo are searched for. */
const MAX_WORKSPACE_DEPTH = 3;

/**
 * Lists the packages that are installed for a folder: in its own `node_modules` and those of the
 * folders above, in the `.pnpm` store, and in the packages of a monorepo below.
 */
export function installedPackages(folder: string): Installed {
  const found = new Map<string, Map<string, string>>();
  const visited = new Set<string>();
  const take = (name: string, path: string, depth: number): void => {
    const real = realOf(path);
    const manifest = join(real, 'package.json');
    const copies = found.get(name) ?? new Map<string, string>();
    if (existsSync(manifest)) found.set(name, copies.set(real, versionIn(manifest)));
    visit(join(real, 'node_modules'), depth + 1);
  };
  const visit = (modules: string, depth: number): void => {
    if (depth > MAX_DEPTH || visited.has(realOf(modules))) return;
    visited.add(realOf(modules));
    for (const name of namesIn(modules))
      if (name === '.pnpm')
        for (const inner of namesIn(join(modules, name)))
          visit(join(modules, name, inner, 'node_modules'), depth + 1);
      else if (name.startsWith('@'))
        for (const inner of namesIn(join(modules, name)))
          take(`${name}/${inner}`, join(modules, name, inner), depth);
      else if (!name.startsWith('.')) take(name, join(modules, name), depth);
  };
  for (const above of foldersAbove(folder)) visit(join(above, 'node_modules'), 0);
  for (const workspace of foldersBelow(folder, MAX_WORKSPACE_DEPTH))
    visit(join(workspace, 'node_modules'), 0);
  return new Map(
    [...found].map(([name, copies]) => [
      name,
      [...copies].map(([path, version]) => ({ path, version })),
    ]),
  );
}

/** Returns the folder and all folders above it. Node searches their `node_modules` for packages. */
export function foldersAbove(folder: string): string[] {
  const above = dirname(folder);
  return above === folder ? [folder] : [folder, ...foldersAbove(above)];
}

/**
 * Returns the folder of a package as Node would resolve it from `folder`; undefined if it is not
 * found.
 */
export function resolvedFrom(folder: string, name: string): string | undefined {
  const path = foldersAbove(folder)
    .map((above) => join(above, 'node_modules', name))
    .find((candidate) => existsSync(join(candidate, 'package.json')));
  return path === undefined ? undefined : realOf(path);
}

export function versionIn(manifest: string): string {
  try {
    const { version } = JSON.parse(readFileSync(manifest, 'utf8')) as { version?: string };
    return version ?? '';
  } catch {
    return '';
  }
}

function foldersBelow(folder: string, depth: number): string[] {
  if (depth === 0) return [];
  return namesIn(folder)
    .filter((name) => !name.startsWith('.') && name !== 'node_modules')
    .flatMap((name) => {
      const below = join(folder, name);
      const more = foldersBelow(below, depth - 1);
      return existsSync(join(below, 'package.json')) ? [below, ...more] : more;
    });
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder, { withFileTypes: true })
      .filter((entry) => entry.isDirectory() || entry.isSymbolicLink())
      .map(({ name }) => name);
  } catch {
    return [];
  }
}

function realOf(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}
