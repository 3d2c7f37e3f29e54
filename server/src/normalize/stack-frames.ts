/**
 * Finds the functions at the top of a stack trace, which tell failures of one cause from others of
 * the same type. Lines and columns are left out, because every release moves them.
 */

/** Maximum number of frames that are kept, and of characters of each. */
const MAX_FRAMES = 3;
const MAX_CHARACTERS = 120;
/** Bounds the lines that are looked at, because a trace may be as long as an attribute can be. */
const MAX_LINES = 200;

/** One expression for each form of a line. Its group is the function or, without one, the file. */
const FRAMES: readonly RegExp[] = [
  // JavaScript
  /^\s+at (?:async )?([^\s(]{1,200}(?: \[as [^\]]{1,60}\])?) \([^)]{0,300}\)$/,
  /^\s+at ([\w.`<>+$]{1,200})\([^)]{0,300}\)(?: in .{0,300})?$/, // .NET, Java
  /^\s+at (?:async )?((?:file:|node:|\/|[A-Z]:\\)[^\s:]{0,200}):\d+:\d+$/, // JavaScript, no name
  /^([\w./-]{1,200}\.[\w.*()]{1,100})\([^)]{0,300}\)$/, // Go
];
const PYTHON = /^\s+File "([^"]{1,300})", line \d+, in (\S{1,100})$/;

/** Returns the innermost frames, the innermost first; empty if the text is no known trace. */
export function topFrames(stack: string): string[] {
  // In Java, the innermost cause and its frames come last.
  const from = Math.max(0, stack.lastIndexOf('\nCaused by: '));
  const lines = stack.slice(from).split('\n', MAX_LINES);
  const python = lines.flatMap((line) => {
    const [, file, name] = PYTHON.exec(line) ?? [];
    return name === undefined ? [] : [`${name} (${fileName(file!)})`];
  });
  const frames =
    python.length > 0
      ? python.reverse()
      : lines.flatMap((line) => {
          if (line.includes('(node:')) return []; // The runtime's own.
          for (const pattern of FRAMES) {
            const name = pattern.exec(line.replace(/\r$/, ''))?.[1];
            if (name !== undefined) return [/^(?:file:)?\//.test(name) ? fileName(name) : name];
          }
          return [];
        });
  return frames.slice(0, MAX_FRAMES).map((frame) => frame.slice(0, MAX_CHARACTERS));
}

const fileName = (path: string): string => path.slice(path.lastIndexOf('/') + 1);
