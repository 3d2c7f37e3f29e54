import { z } from 'zod';
import type { Command } from './command.ts';

/** Serves an assistant that starts this command and speaks over its standard input and output. */
export const mcp: Command = {
  name: 'mcp',
  help: 'Serves an assistant by the Model Context Protocol, over standard input and output. The server itself does so over HTTP, at /mcp.',
  input: z.object({}),
  async run(client, _input, _isJson, { now, version }) {
    // Loaded only here, because other commands should begin at once.
    const { serveStdio } = await import('../mcp/index.ts');
    await serveStdio(client, version, now);
    return 0;
  },
};
