import { describe, expect, test } from 'vitest';
import { aDigest, type StepSketch } from '../../testing/digests.ts';
import { createTypeModel, teach, type TypeModel } from './model.ts';
import { expectedByFlow, expectedBySteps } from './owed.ts';
import { fromStored, toStored } from './stored.ts';

/** A flow in which `billing` takes an order and tells `mail`, which takes the last message. */
interface Names {
  billing?: Partial<StepSketch>;
  mail?: Partial<StepSketch>;
}
const paid = ({ billing, mail }: Names = {}): StepSketch[] => {
  const bill = { as: 'bill', service: 'billing', ...billing };
  const last = { as: 'mail', service: 'mailer', ...mail };
  return [
    { as: 'order', sends: { orders: [bill.as] } },
    { from: 'order', via: 'orders', sends: { paid: [last.as] }, ...bill },
    { from: bill.as, via: 'paid', ...last },
  ];
};
const taught = (steps: StepSketch[]): TypeModel => {
  const model = createTypeModel();
  for (let i = 0; i < 300; i++) teach(model, aDigest(`t${i}`, steps), 1);
  return fromStored(JSON.stringify(toStored(model))).model;
};
const owed = (model: TypeModel, steps: StepSketch[]): string[] => {
  const digest = aDigest('f', steps);
  const ofSteps = expectedBySteps(digest, model, 1000);
  const all = ofSteps.length > 0 ? ofSteps : expectedByFlow(digest, model, 1000);
  return all.map(({ step }) => step);
};

describe('a deployment renames whoever takes a message', () => {
  const grouped = paid({ mail: { group: 'mails' } });
  test.each<[string, StepSketch[], Names]>([
    ['a service that goes on as before', paid(), { billing: { as: 'x', service: 'invoicing' } }],
    ['a step of the same service', paid(), { billing: { as: 'charge', service: 'billing' } }],
    ['the last step of the flow', paid(), { mail: { as: 'send mail', service: 'mailer' } }],
    [
      'the last service, whose group is the same',
      grouped,
      { mail: { as: 'x', service: 'notifier', group: 'mails' } },
    ],
  ])('%s is not missed under its old name', (_what, usual, names) => {
    expect(owed(taught(usual), paid(names))).toEqual([]);
  });

  test.each<[string, StepSketch[], Names, string[]]>([
    [
      'another service takes the message, and does not go on',
      paid(),
      { billing: { as: 'look', service: 'audit', sends: {} } },
      ['bill'],
    ],
    [
      'a new step of the service does not go on',
      paid(),
      { billing: { as: 'look', sends: {} } },
      ['bill'],
    ],
    [
      'another service takes the last message',
      paid(),
      { mail: { as: 'look', service: 'audit' } },
      ['mail'],
    ],
    [
      'another group takes the last message',
      grouped,
      { mail: { as: 'look', group: 'audit' } },
      ['mail'],
    ],
    [
      'a step of the service takes another message',
      paid(),
      { mail: { as: 'look', via: 'notices' } },
      ['mail'],
    ],
  ])('whoever is absent is missed where %s', (_what, usual, names, missing) => {
    expect(owed(taught(usual), paid(names).slice(0, names.mail ? 3 : 2))).toEqual(missing);
  });
});
