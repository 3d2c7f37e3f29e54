import type { Format, FormatName } from '../format.ts';
import { readConductor } from './conductor.ts';
import { readCsv } from './csv-read.ts';
import { writeCsv } from './csv-write.ts';
import { readHistories } from './histories.ts';
import { readJaeger } from './jaeger.ts';
import { writeFlowchart, writeMermaid } from './mermaid.ts';
import { readOcel, readOcelXml } from './ocel-read.ts';
import { writeOcel } from './ocel-write.ts';
import { writeOcelXml } from './ocel-xml-write.ts';
import { readOtlp, writeOtlp } from './otlp.ts';
import { readStepFunctions } from './step-functions.ts';
import { readXes } from './xes-read.ts';
import { writeXes } from './xes-write.ts';
import { writeZipkin } from './zipkin-write.ts';
import { readZipkin } from './zipkin.ts';

const JSON_TYPE = 'application/json';
const XML_TYPE = 'application/xml';
const LINES_TYPE = 'application/x-ndjson';

/** All formats in which flows can be imported or exported. */
export const FORMATS: Readonly<Record<FormatName, Omit<Format, 'name'>>> = {
  csv: {
    ...{ label: 'CSV, a row a step', mediaType: 'text/csv', extension: 'csv' },
    ...{ read: readCsv, write: writeCsv },
  },
  ocel: {
    ...{ label: 'OCEL 2.0, JSON', mediaType: JSON_TYPE, extension: 'ocel.json' },
    ...{ read: readOcel, write: writeOcel },
  },
  'ocel-xml': {
    ...{ label: 'OCEL 2.0, XML', mediaType: XML_TYPE, extension: 'ocel.xml' },
    ...{ read: readOcelXml, write: writeOcelXml },
  },
  xes: {
    ...{ label: 'XES', mediaType: XML_TYPE, extension: 'xes', read: readXes, write: writeXes },
  },
  otlp: {
    ...{ label: 'OTLP, JSON lines', mediaType: LINES_TYPE, extension: 'otlp.jsonl' },
    ...{ read: readOtlp, write: writeOtlp, keepsTraces: true },
  },
  mermaid: {
    ...{ label: 'Mermaid, sequence', mediaType: 'text/vnd.mermaid', extension: 'mmd' },
    writeOne: writeMermaid,
  },
  flowchart: {
    ...{ label: 'Mermaid, flow chart', mediaType: 'text/vnd.mermaid', extension: 'mmd' },
    writeOne: writeFlowchart,
  },
  zipkin: {
    ...{ label: 'Zipkin v2', mediaType: JSON_TYPE, extension: 'zipkin.json' },
    ...{ read: readZipkin, write: writeZipkin, keepsTraces: true },
  },
  jaeger: {
    ...{ label: 'Jaeger', mediaType: JSON_TYPE, extension: 'json', read: readJaeger },
    keepsTraces: true,
  },
  temporal: {
    ...{ label: 'Temporal, histories', mediaType: JSON_TYPE, extension: 'json' },
    read: readHistories,
  },
  cadence: {
    ...{ label: 'Cadence, histories', mediaType: JSON_TYPE, extension: 'json' },
    read: readHistories,
  },
  conductor: {
    ...{ label: 'Conductor, executions', mediaType: JSON_TYPE, extension: 'json' },
    read: readConductor,
  },
  'step-functions': {
    ...{ label: 'Step Functions, histories', mediaType: JSON_TYPE, extension: 'json' },
    read: readStepFunctions,
  },
};
