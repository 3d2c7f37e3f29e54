import type { Silence } from '@fermata/server/contract';
import { expect, test } from 'vitest';
import { scopeOf } from './scope.ts';

const silence = (more: Partial<Silence>): Silence =>
  ({ rule: '', flowType: '', service: '', incidentId: '', ...more }) as Silence;

test('a silence says all that narrows it, or that nothing does', () => {
  expect(scopeOf(silence({ rule: 'lost-step', service: 'mailer' }))).toBe(
    'rule lost-step, service mailer',
  );
  expect(scopeOf(silence({ flowType: 'order' }))).toBe('type order');
  expect(scopeOf(silence({ incidentId: 'i' }), () => 'order: mail is missing')).toBe(
    'incident order: mail is missing',
  );
  expect(scopeOf(silence({ incidentId: 'i' }))).toBe('incident i');
  expect(scopeOf(silence({}))).toBe('everything');
});
