#!/usr/bin/env node
// This is the command `fermata` of the npm package of that name, which contains the built files. It
// starts the server, or sends a query to a running server.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { commandsHelp, runCommand } from '../server/dist/cli/index.js';
import { launch } from './launch.js';

const root = fileURLToPath(new URL('..', import.meta.url));
const HELP = `Usage: fermata [options]             starts the collector (OTLP) and the dashboard
       fermata <command> [options]   asks a server that runs; fermata <command> --help

Shows which of your business processes are held, where, since when and why.

  --demo           starts the services of a demo shop, too
  --print-config   prints the settings that would be used, secrets masked
  --rebuild        makes all timelines anew from the stored spans
  --version        prints the version
  --help           prints this, and the settings

Commands:

${commandsHelp()}

Settings of the server come from the environment, or from the file that FERMATA_CONFIG names:

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

const versionOf = () => JSON.parse(readFileSync(`${root}package.json`, 'utf8')).version;

async function ask(args) {
  const stop = new AbortController();
  process.once('SIGINT', () => stop.abort());
  // A write fails once the reader of the output, for example `head`, has closed the pipe. The
  // command then ends without an error.
  process.stdout.on('error', () => process.exit(0));
  process.exitCode = await runCommand(args, process.env.FERMATA_URL, {
    out: (text) => void process.stdout.write(`${text}\n`),
    err: (text) => void process.stderr.write(`${text}\n`),
    draw: (text) => void process.stderr.write(text),
    isTerminal: process.stderr.isTTY === true,
    stdout: () => process.stdout,
    columns: process.stdout.columns ?? 120,
    now: Date.now,
    version: versionOf(),
    signal: stop.signal,
  });
}

const args = process.argv.slice(2);
if (args[0] !== undefined && !args[0].startsWith('-')) await ask(args);
else {
  const { demo, help, version, ...rest } = optionsOf(args);
  if (help) await printHelp();
  else if (version) process.stdout.write(`${versionOf()}\n`);
  else {
    const chosen = Object.keys(rest).filter((name) => rest[name]);
    launch(root, { demo, args: chosen.map((name) => `--${name}`) });
  }
}
