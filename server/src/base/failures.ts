import { messageOf } from './errors.ts';

/**
 * Reason why a write failed. `kind` is a label for metrics. `text` and `hint` are for the operator.
 */
export interface Failure {
  kind: string;
  text: string;
  hint: string;
}

interface Known extends Failure {
  /**
   * Matches the error code or message of this failure from Node, the embedded engine or a
   * ClickHouse server.
   */
  says: RegExp;
}

/** Known failures. The first match is used, so specific causes come before general ones. */
const KNOWN: readonly Known[] = [
  {
    kind: 'disk-full',
    says: /ENOSPC|EDQUOT|no space left|disk is full|NOT_ENOUGH_SPACE|errno: 28\b/i,
    text: 'the disk is full',
    hint: 'Free some space on the disk of FERMATA_DATA_DIR; Fermata goes on by itself.',
  },
  {
    kind: 'read-only',
    says: /EROFS|read-only file system|errno: 30\b/i,
    text: 'the disk can only be read',
    hint: 'A disk that fails is often remounted so: look at the kernel log, then mount it writable again.',
  },
  {
    kind: 'disk-error',
    says: /\bEIO\b|input\/output error|i\/o error|errno: 5\b/i,
    text: 'the disk fails (input/output error)',
    hint: 'Look at the kernel log. What was acknowledged is on this disk: copy the data directory.',
  },
  {
    kind: 'no-files',
    says: /EMFILE|ENFILE|too many open files/i,
    text: 'no more files can be opened',
    hint: 'Raise the limit of open files (ulimit -n), or find who holds so many connections.',
  },
  {
    kind: 'denied',
    says: /EACCES|EPERM|permission denied/i,
    text: 'the data directory must not be written',
    hint: 'Give the directory FERMATA_DATA_DIR to the user that runs Fermata.',
  },
  {
    kind: 'memory',
    says: /memory limit|MEMORY_LIMIT_EXCEEDED|cannot allocate memory|ENOMEM/i,
    text: 'the store has no memory left',
    hint: 'Raise FERMATA_MEMORY_LIMIT, or give the machine more memory.',
  },
  {
    kind: 'timeout',
    says: /ETIMEDOUT|time-?out|timed out|in time\b/i,
    text: 'the store does not answer in time',
    hint: 'Is the ClickHouse server, or the disk, overloaded or hanging?',
  },
  {
    kind: 'unreachable',
    says: /ECONN|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|EPIPE|socket hang up/i,
    text: 'the store cannot be reached',
    hint: 'Is the ClickHouse server up, and CLICKHOUSE_URL right?',
  },
];
const OTHER: Failure = {
  kind: 'other',
  text: 'the store refuses',
  hint: 'The log has what it says.',
};
/**
 * Maximum number of nested causes of an error that are examined, because a chain of causes may be a
 * cycle.
 */
const MAX_CAUSES = 10;

export function failureOf(error: unknown): Failure {
  const said: string[] = [];
  for (let at = error, i = 0; at !== undefined && at !== null && i < MAX_CAUSES; i++) {
    const { code, cause } = at as { code?: unknown; cause?: unknown };
    said.push(typeof code === 'string' ? code : '', messageOf(at));
    at = cause;
  }
  const text = said.join('\n');
  return KNOWN.find(({ says }) => says.test(text)) ?? OTHER;
}
