#!/usr/bin/env node
// Runs npm start [-- --demo]: builds what is missing or older than its sources, starts the server,
// and the demo if asked for.
import { fileURLToPath } from 'node:url';
import { buildChanged } from './build-changed.js';
import { launch } from './launch.js';

const root = fileURLToPath(new URL('..', import.meta.url));
buildChanged(root);
launch(root, {
  demo: process.argv.includes('--demo'),
  args: process.argv.slice(2).filter((arg) => arg !== '--demo'),
});
