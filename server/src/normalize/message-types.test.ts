import { expect, test } from 'vitest';
import { typeIn } from './message-types.ts';

test.each([
  ['', ''],
  ['urn:message:Contracts:OrderPlaced', 'OrderPlaced'],
  ['urn:message:Shop.Contracts:OrderPlaced', 'OrderPlaced'],
  ['urn:message:Contracts:OrderPlaced,urn:message:Contracts:Event', 'OrderPlaced'],
  ['urn:message:Contracts:OrderPlaced;urn:message:Contracts:Event', 'OrderPlaced'],
  ['urn:message:Contracts:Outer+Inner', 'Inner'],
  ['urn:message:Contracts:Fault[[ChargeCard]]', 'Fault<ChargeCard>'],
  ['urn:message:MassTransit:Fault[[Contracts:ChargeCard]]', 'Fault<ChargeCard>'],
  ['Contracts.PlaceOrder, Contracts, Version=1.0.0.0, Culture=neutral', 'PlaceOrder'],
  ['Contracts.PlaceOrder, Contracts;Contracts.ICommand, Contracts', 'PlaceOrder'],
  [
    'Contracts.Wrapped`1[[Contracts.PlaceOrder, Contracts, Version=1.0.0.0]], Contracts',
    'Wrapped<PlaceOrder>',
  ],
  ['PlaceOrder', 'PlaceOrder'],
  ['Billing::ChargeCard', 'ChargeCard'],
  ['App\\Jobs\\ChargeCard', 'ChargeCard'],
  ['Shop.Workers.ChargeCard', 'ChargeCard'],
])('%s is %s', (list, expected) => {
  expect(typeIn(list)).toBe(expected);
});
