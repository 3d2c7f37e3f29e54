import { counted } from '../../words/index.ts';
import type { Comparison, Subject } from './compare.ts';

/** Titles of what is compared, as statements that are true if nothing changed. */
const TITLES: Record<Subject, string> = {
  flows: 'flows',
  held: 'nothing is late or stuck',
  steps: 'the same steps',
  joins: 'the same causes and effects',
  failures: 'no new failures',
  chain: 'waits for the same',
  latency: 'not slower',
};

const changed = (all: readonly Comparison[]): Comparison[] =>
  all.filter(({ changes }) => changes.length > 0);

const verdict = (all: readonly Comparison[]): string => {
  const count = changed(all).reduce((sum, { changes }) => sum + changes.length, 0);
  const types = counted(new Set(all.map(({ type }) => type)).size, 'flow type');
  return count === 0 ? `As in the baseline: ${types}.` : `${counted(count, 'change')} in ${types}.`;
};

export const reportText = (all: readonly Comparison[]): string =>
  [
    verdict(all),
    ...changed(all).flatMap(({ type, subject, changes }) => [
      `${type}: ${TITLES[subject]}?`,
      ...changes.map((change) => `  ${change}`),
    ]),
  ].join('\n');

/** Returns the report as Markdown, for a comment on a pull request. */
export const reportMarkdown = (all: readonly Comparison[]): string =>
  [
    '### Flows compared with the baseline',
    '',
    verdict(all),
    '',
    ...changed(all).flatMap(({ type, subject, changes }) => [
      `**${inMarkdown(type)}**: ${TITLES[subject]}?`,
      '',
      ...changes.map((change) => `- ${inMarkdown(change)}`),
      '',
    ]),
  ].join('\n');

/** Escapes characters that have a meaning in Markdown or HTML, because names come from senders. */
const inMarkdown = (text: string): string =>
  text.replace(/\s+/g, ' ').replace(/[\\`*_{}[\]<>#|!&@~]/g, (sign) => `&#${sign.codePointAt(0)};`);

/** Returns the report as JUnit XML, with a test case for each flow type and subject. */
export function reportJunit(all: readonly Comparison[]): string {
  const cases = all.map(({ type, subject, changes }) => {
    const open = `<testcase classname="${inXml(type)}" name="${TITLES[subject]}"`;
    if (changes.length === 0) return `  ${open}/>`;
    const text = changes.map(inXml);
    return `  ${open}><failure message="${text[0]}">${text.join('\n')}</failure></testcase>`;
  });
  const failed = changed(all).length;
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuite name="fermata" tests="${all.length}" failures="${failed}">`,
    ...cases,
    '</testsuite>',
    '',
  ].join('\n');
}

const inXml = (text: string): string =>
  text
    .replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, '')
    .replace(/[&<>"']/g, (sign) => `&#${sign.codePointAt(0)};`);
