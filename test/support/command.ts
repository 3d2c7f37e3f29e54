import { Writable } from 'node:stream';
import { runCommand } from '@fermata/server/cli';

/**
 * Runs a command of the program `fermata` against a server, and returns its exit code and its
 * output.
 */
export async function fermata(
  args: readonly string[],
  url: string,
): Promise<{ code: number; said: string }> {
  const said: string[] = [];
  const stdout = new Writable({
    write(chunk: Buffer, _encoding, done) {
      said.push(chunk.toString());
      done();
    },
  });
  const code = await runCommand(args, url, {
    ...{ out: (text) => said.push(`${text}\n`), err: (text) => said.push(`${text}\n`) },
    ...{ draw: () => undefined, isTerminal: false, stdout: () => stdout },
    ...{ columns: 120, now: Date.now, version: '0', signal: new AbortController().signal },
  });
  return { code, said: said.join('') };
}
