import type { FailureGroup, FailureNotes as WireNotes } from '../contract/index.ts';
import type { DocumentStore } from '../store/index.ts';
import { iso } from './present.ts';

/**
 * What people recorded about a group of failures, which is named by its fingerprint. Times are
 * epoch ms.
 */
export interface FailureNote {
  acknowledgedAt: number | null;
  resolvedAt: number | null;
  notes: { at: number; text: string }[];
}

/**
 * Keeps what people record about failures: that they acknowledge one, that it is resolved, and
 * notes.
 */
export interface FailureNotes {
  all(): Promise<ReadonlyMap<string, FailureNote>>;
  /**
   * Returns the status and notes of a group of failures. A resolved group whose last failure, at
   * `lastAtMs`, is newer has regressed.
   */
  of(
    all: ReadonlyMap<string, FailureNote>,
    fingerprint: string,
    lastAtMs: number,
  ): Pick<FailureGroup, 'status' | 'notes'>;
  add(fingerprint: string, what: 'ack' | 'resolve' | 'note', text: string): Promise<FailureNote>;
}

const orNull = (ms: number | null): string | null => (ms === null ? null : iso(ms));
const presentNote = ({ at, text }: FailureNote['notes'][number]): WireNotes['notes'][number] => ({
  ...{ at: iso(at), text },
});

/** Converts what people recorded about a failure to the form in which the API answers it. */
export const presentFailureNote = (note: FailureNote): WireNotes => ({
  acknowledgedAt: orNull(note.acknowledgedAt),
  resolvedAt: orNull(note.resolvedAt),
  notes: note.notes.map(presentNote),
});

const MAX_NOTES = 100;
const NOTHING: FailureNote = { acknowledgedAt: null, resolvedAt: null, notes: [] };

export function createFailureNotes(
  documents: DocumentStore<'failure'>,
  now: () => number,
): FailureNotes {
  const all = async (): Promise<Map<string, FailureNote>> =>
    new Map(
      (await documents.documents('failure')).map(({ id, body }) => [
        id,
        JSON.parse(body) as FailureNote,
      ]),
    );
  return {
    all,
    of(told, fingerprint, lastAtMs) {
      const { acknowledgedAt, resolvedAt, notes } = told.get(fingerprint) ?? NOTHING;
      return {
        status:
          resolvedAt !== null
            ? lastAtMs > resolvedAt
              ? 'regressed'
              : 'resolved'
            : acknowledgedAt !== null
              ? 'acknowledged'
              : 'open',
        notes: notes.map(presentNote),
      };
    },
    async add(fingerprint, what, text) {
      const at = now();
      const known = (await all()).get(fingerprint) ?? NOTHING;
      const note: FailureNote = {
        acknowledgedAt: what === 'ack' ? at : known.acknowledgedAt,
        resolvedAt: what === 'resolve' ? at : known.resolvedAt,
        notes: text === '' ? known.notes : [...known.notes, { at, text }].slice(-MAX_NOTES),
      };
      await documents.saveDocument('failure', fingerprint, at, JSON.stringify(note));
      return note;
    },
  };
}
