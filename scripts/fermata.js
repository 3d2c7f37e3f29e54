#!/usr/bin/env node
// The program of the package `fermata`, which has everything built.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { launch } from './launch.js';

const root = fileURLToPath(new URL('..', import.meta.url));
const HELP = `Usage: fermata [options]

Shows which of your business processes are held, where, since when and why.
Starts the collector (OTLP) and the dashboard, and prints their addresses.

  --demo           starts the services of a demo shop, too
  --print-config   prints the settings that would be used, secrets masked
  --rebuild        makes all timelines anew from the stored spans
  --version        prints the version
  --help           prints this, and the settings

Settings come from the environment, or from the file that FERMATA_CONFIG names:

`;

function optionsOf(args) {
  const flag = { type: 'boolean', default: false };
  try {
    return parseArgs({
      args,
      options: {
        demo: flag,
        'print-config': flag,
        rebuild: flag,
        version: { ...flag, short: 'v' },
        help: { ...flag, short: 'h' },
      },
    }).values;
  } catch (error) {
    process.stderr.write(`fermata: ${error.message}\n  → fermata --help\n`);
    process.exit(2);
  }
}

async function printHelp() {
  const { SETTINGS } = await import('../server/dist/config/index.js');
  const lines = Object.values(SETTINGS).map(({ name, help }) => `  ${name}\n      ${help}\n`);
  process.stdout.write(HELP + lines.join(''));
}

const { demo, help, version, ...rest } = optionsOf(process.argv.slice(2));
if (help) await printHelp();
else if (version) {
  const manifest = JSON.parse(readFileSync(`${root}package.json`, 'utf8'));
  process.stdout.write(`${manifest.version}\n`);
} else {
  const args = Object.keys(rest).filter((name) => rest[name]);
  launch(root, { demo, args: args.map((name) => `--${name}`) });
}
