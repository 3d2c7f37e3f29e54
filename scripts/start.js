#!/usr/bin/env node
// Builds the server and the dashboard if they are missing or older than their sources, then starts
// the server and, with `--demo`, the demo: `npm start [-- --demo]`.
import { fileURLToPath } from 'node:url';
import { buildChanged } from './build-changed.js';
import { launch } from './launch.js';

const root = fileURLToPath(new URL('..', import.meta.url));
buildChanged(root);
launch(root, {
  demo: process.argv.includes('--demo'),
  args: process.argv.slice(2).filter((arg) => arg !== '--demo'),
});
