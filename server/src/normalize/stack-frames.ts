import { excerpt } from '../model/cut-text.ts';

/**
 * Finds the functions at the top of a stack trace. They distinguish failures with different causes
 * but the same error type. Line and column numbers are omitted, because they change with every
 * release.
 */

/** Maximum number of frames that are kept, and maximum length of each, characters. */
const MAX_FRAMES = 3;
const MAX_CHARACTERS = 120;
/**
 * Maximum number of lines that are searched, because a stack trace may be as long as an attribute
 * can be.
 */
const MAX_LINES = 200;

/**
 * Patterns of stack frames. The first group is the function, or the file if there is no function.
 */
const FRAMES: readonly RegExp[] = [
  // Matches a JavaScript frame with a function name.
  /^\s+at (?:async )?([^\s(]{1,200}(?: \[as [^\]]{1,60}\])?) \([^)]{0,300}\)$/,
  /^\s+at ([\w.`<>+$]{1,200})\([^)]{0,300}\)(?: in .{0,300})?$/, // .NET, Java
  /^\s+at (?:async )?((?:file:|node:|\/|[A-Z]:\\)[^\s:]{0,200}):\d+:\d+$/, // JavaScript, no name
  /^([\w./-]{1,200}\.[\w.*()]{1,100})\([^)]{0,300}\)$/, // Go
];
const PYTHON = /^\s+File "([^"]{1,300})", line \d+, in (\S{1,100})$/;

/**
 * Returns the innermost frames, innermost first; an empty list if the text is not a known stack
 * trace.
 */
export function topFrames(stack: string): string[] {
  // In Java, the innermost cause and its frames are at the end of the trace.
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
  return frames.slice(0, MAX_FRAMES).map((frame) => excerpt(frame, MAX_CHARACTERS));
}

const fileName = (path: string): string => path.slice(path.lastIndexOf('/') + 1);
