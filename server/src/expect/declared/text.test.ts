import { expect, test } from 'vitest';
import { readDefinitions } from './schema.ts';
import { definitionText } from './text.ts';

test('what is written is read again as the same definition', () => {
  const text = `flows:
  order:
    version: "2"
    within: 2h
    steps:
      - { name: charge card, service: payment, within: 5m, compensatedBy: refund card }
      - { name: ship, after: charge card }
      - oneOf: [send mail, { name: call, service: desk }]
        after: [charge card, ship]
      - { name: review, after: ship, optional: true, within: 90s }
    ends:
      - { step: close, outcome: failed }
    undoInOrder: true
`;
  const { definitions, problems } = readDefinitions(text);
  expect(problems).toEqual([]);
  const written = definitionText(definitions[0]!);
  expect(written).toContain('within: 5m');
  expect(readDefinitions(written).definitions).toEqual(definitions);
});
