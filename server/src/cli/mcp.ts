import { z } from 'zod';
import type { Command } from './command.ts';

/**
 * Command that serves an assistant, which starts this process and communicates by its standard
 * input and output.
 */
export const mcp: Command = {
  name: 'mcp',
  help: 'Serves an assistant by the Model Context Protocol, over standard input and output. The server itself does so over HTTP, at /mcp.',
  input: z.object({}),
  async run(client, _input, _isJson, { now, version }) {
    // The module is loaded only here, because it would slow down the start of other commands.
    const { serveStdio } = await import('../mcp/index.ts');
    await serveStdio(client, version, now);
    return 0;
  },
};
