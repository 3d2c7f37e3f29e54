import { pushAll } from '../base/lists.ts';
import type { Draft } from './drafts.ts';

/** Which units of work are one, although their spans stand apart. Pure. */

/** A receive span directly above the processing of the same message is part of that step. */
export function foldReceives(drafts: Draft[], draftOf: Map<string, Draft>): Draft[] {
  const gone = new Set<Draft>();
  for (const draft of drafts) {
    if (draft.head.role !== 'process') continue;
    const above = draftOf.get(draft.head.parent);
    if (above === undefined || above.head.role !== 'receive' || gone.has(above)) continue;
    if (above.head.service.name !== draft.head.service.name) continue;
    pushAll(draft.spans, above.spans);
    for (const span of above.spans) draftOf.set(span.key, draft);
    gone.add(above);
    // Caused by nothing but that receive span: what caused that one caused the step.
    if (draft.segment.causes.some((cause) => cause.span === above.head))
      draft.segment = { ...draft.segment, causes: above.segment.causes };
  }
  return gone.size === 0 ? drafts : drafts.filter((draft) => !gone.has(draft));
}
