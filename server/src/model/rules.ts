import type { Severity } from './expectation.ts';

/** A rule that is built into Fermata: its severity, and what its findings mean. */
export interface BuiltInRule {
  readonly name: string;
  readonly severity: Severity;
  readonly says: string;
}

const rule = (name: string, severity: Severity, says: string): BuiltInRule => ({
  name,
  severity,
  says,
});

/**
 * Rules that need no configuration. They are listed in the model, because silences are validated
 * against this list and people choose from it. A test compares it with the implemented rules.
 */
export const BUILT_IN_RULES: readonly BuiltInRule[] = [
  rule('undelivered-message', 'critical', 'A message waits, and no consumer takes it'),
  rule('lost-step', 'critical', 'A step began and does not end'),
  rule('missing-reply', 'critical', 'A command has no reply'),
  rule('missing-step', 'critical', 'A step that should follow does not'),
  rule(
    'consumer-gone',
    'critical',
    'Others consumed the message; one that always did does not any more',
  ),
  rule('orchestrator-silent', 'critical', 'The service that gives the commands fell silent'),
  rule('flow-overdue', 'critical', 'The flow as a whole should have ended'),
  rule(
    'failed-step',
    'warning',
    'A step failed, and no retry made up for it and nothing compensated it',
  ),
  rule('unhandled-failure', 'critical', 'A failure was published, and no consumer handles it'),
  rule('dead-letter', 'critical', 'A message went to a dead-letter queue'),
  rule('retry-storm', 'warning', 'One message was tried more than three times'),
  rule(
    'duplicate-processing',
    'warning',
    'A message was processed again although that had succeeded',
  ),
  rule('contradictory-outcome', 'warning', 'A flow ended in two ways'),
  rule('broken-context', 'info', 'Spans are in a flow only by an id, or against their context'),
  rule('compensation-missing', 'critical', 'A completed step was never compensated'),
  rule('compensation-failed', 'critical', 'A compensation failed'),
  rule('compensation-twice', 'critical', 'A step was compensated twice'),
  rule(
    'compensation-of-undone-step',
    'critical',
    'A step was compensated that had never succeeded',
  ),
  rule('compensation-out-of-order', 'warning', 'Steps were compensated in the wrong order'),
  rule(
    'late-reply-after-compensation',
    'critical',
    'A step finished after it had been compensated',
  ),
  rule('consumer-new', 'info', 'A service consumes a message that it never consumed before'),
  rule('new-variant', 'info', 'Steps that never occurred together'),
];

/**
 * Rule of incidents about a notification channel that refuses notifications. No finding of a flow
 * has this rule.
 */
export const CHANNEL_RULE = 'channel-refuses';
