import { expect, test } from 'vitest';
import { decodeFileJson } from '../../receive/index.ts';
import type { Flow } from '../../model/flow.ts';
import type { Attributes } from '../../model/otlp.ts';
import type { FlowSource, Item } from '../format.ts';
import { objectsOfFlows } from './ocel-content.ts';
import { OCEL_EVENT, OCEL_OBJECTS, type OcelAttribute } from './ocel-log.ts';
import { readOcelXml } from './ocel-read.ts';
import { writeOcel } from './ocel-write.ts';
import { writeOcelXml } from './ocel-xml-write.ts';

const AT = '2026-01-01T00:00:00.000Z';
/** A source of flows that came from OCEL: each has one object of its own, and one event. */
function sourceOf(
  count: number,
  attributes: OcelAttribute[] = [],
  relatesTo: (i: number) => string[] = () => [],
): { source: FlowSource; read: () => number } {
  let read = 0;
  const flows = async function* (): AsyncIterable<Flow> {
    for (let i = 0; i < count; i++) {
      read++;
      yield await Promise.resolve({ id: `${i}`, badges: ['imported'] } as unknown as Flow);
    }
  };
  const kept = ({ id }: Flow): Attributes => {
    const relationships = relatesTo(Number(id)).map((one) => ({ objectId: one, qualifier: 'of' }));
    const object = { id: `o${id}`, type: 'order', attributes, relationships };
    const values = attributes.map(({ name, value }) => ({ name, value }));
    const refers = [{ objectId: `o${id}`, qualifier: 'flow' }];
    const event = { id: `e${id}`, type: 'pay', time: AT, attributes: values };
    return [
      ...[OCEL_EVENT, JSON.stringify({ ...event, relationships: refers })],
      ...[OCEL_OBJECTS, [JSON.stringify(object)]],
    ];
  };
  const spansOf = (flow: Flow): ReturnType<FlowSource['spansOf']> =>
    Promise.resolve([{ span: { attributes: kept(flow) } }] as never);
  return { source: { heads: flows, flows, spansOf }, read: () => read };
}
async function textOf(parts: AsyncIterable<string>): Promise<string> {
  let text = '';
  for await (const part of parts) text += part;
  return text;
}

test('objects that refer to others are read again, and never held together', async () => {
  const count = 200;
  const { source, read } = sourceOf(count, [], (i) => [`o${(i + 1) % count}`, 'gone']);
  const known = new Set<string>();
  let given = 0;
  for await (const { id, relationships } of objectsOfFlows(source, known)) {
    expect(relationships).toEqual([{ objectId: `o${(given + 1) % count}`, qualifier: 'of' }]);
    expect(id).toBe(`o${given++}`);
    // All were read once, to know which there are, and after that no further than to this one.
    expect(read()).toBe(count + given);
  }
  expect(given).toBe(count);
});

const ATTRIBUTES: OcelAttribute[] = [
  { name: 'total', time: AT, value: 12.5 },
  { name: 'attempts', time: AT, value: 3 },
  { name: 'paid', time: AT, value: true },
  { name: 'start', time: AT, value: AT },
  { name: 'note <&"\n', time: AT, value: ' a < b & "c"\r\n' },
  { name: 'digits', time: AT, value: '007' },
  { name: 'constructor', time: AT, value: 'x' },
];
const TYPES = ['float', 'integer', 'boolean', 'time', 'string', 'string', 'string'];

test('each attribute is declared, whatever its name is', async () => {
  const { objectTypes } = JSON.parse(await textOf(writeOcel(sourceOf(2, ATTRIBUTES).source))) as {
    objectTypes: { name: string; attributes: object[] }[];
  };
  const attributes = ATTRIBUTES.map(({ name }, i) => ({ name, type: TYPES[i] }));
  expect(objectTypes).toEqual([{ name: 'order', attributes }]);
});

test('what XML says is read again with the types that it declares', async () => {
  const file = await textOf(writeOcelXml(sourceOf(2, ATTRIBUTES, () => ['o1']).source));
  const order = [...file.matchAll(/^<\/?([\w-]+)>$/gm)].map(([tag]) => tag);
  expect(order).toEqual([
    ...['<log>', '<object-types>', '</object-types>', '<event-types>', '</event-types>'],
    ...['<objects>', '</objects>', '<events>', '</events>', '</log>'],
  ]);
  const chunks = async function* (): AsyncIterable<Uint8Array> {
    yield await Promise.resolve(Buffer.from(file));
  };
  const options = { flowType: '', caseType: '', columns: {}, decode: decodeFileJson };
  const items: Item[] = [];
  for await (const item of readOcelXml(chunks(), options)) items.push(item);
  const kept = items.flatMap((item) => (item.kind === 'spans' ? item.request.spans : []));
  expect(kept).toHaveLength(2);
  const valueOf = (name: string): unknown =>
    kept[1]!.attributes[kept[1]!.attributes.indexOf(name) + 1];
  const [object] = (valueOf(OCEL_OBJECTS) as string[]).map((json) => JSON.parse(json) as unknown);
  expect(object).toEqual({
    ...{ id: 'o1', type: 'order', attributes: ATTRIBUTES },
    relationships: [{ objectId: 'o1', qualifier: 'of' }],
  });
  expect(JSON.parse(valueOf(OCEL_EVENT) as string)).toMatchObject({
    ...{ id: 'e1', time: AT },
    attributes: ATTRIBUTES.map(({ name, value }) => ({ name, value })),
  });
});

test('what came while a file of XML was being written is left out', async () => {
  const { source } = sourceOf(1, ATTRIBUTES);
  let passes = 0;
  const flows = async function* (): AsyncIterable<Flow> {
    const isSecond = ++passes > 1;
    yield* source.flows();
    if (isSecond) yield { id: '7', badges: ['imported'] } as unknown as Flow;
  };
  const spansOf: FlowSource['spansOf'] = async (flow) => {
    const [record] = await source.spansOf(flow);
    if (flow.id !== '7') return [record!];
    const json = JSON.stringify(record).replaceAll('pay', 'new').replaceAll('order', 'other');
    return [JSON.parse(json)] as never;
  };
  const file = await textOf(writeOcelXml({ heads: source.heads, flows, spansOf }));
  expect(file.match(/<event id="[^"]+"/g)).toEqual(['<event id="e0"']);
});
