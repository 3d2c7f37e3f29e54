import { readFileSync, writeFileSync } from 'node:fs';
import { z } from 'zod';
import { alertingOf, AskError, FILTER } from '../../ask/index.ts';
import { counted } from '../../words/index.ts';
import { printable, type Command } from '../command.ts';
import { compare } from './compare.ts';
import { takeProfile, type Profile } from './profile.ts';
import { reportJunit, reportMarkdown, reportText } from './report.ts';

const input = z.object({
  baseline: z.string().describe('File of the baseline, JSON'),
  save: z.boolean().default(false).describe('Writes what flows do now as the baseline'),
  markdown: z.string().optional().describe('File for a report in Markdown'),
  junit: z.string().optional().describe('File for a report as JUnit XML'),
  share: z
    .string()
    .default('0.1')
    .describe('By how much the share of flows that do something may differ, 0 to 1'),
  times: z.string().default('1.5').describe('How many times as long flows may take'),
  ...FILTER,
});

/**
 * Compares what a test run did with a baseline, so that a pull request can say "this change makes
 * checkout wait for mail".
 */
export const check: Command = {
  name: 'check',
  help: 'Compares what flows do with a baseline: types, steps, causes, failures, what they wait for, how long they take. Exit code 1 if something changed.',
  position: 'baseline',
  input,
  async run(client, given, isJson, { out, now }) {
    const { baseline, save, markdown, junit, share, times, ...filter } = input.parse(given);
    const tolerance = { share: numberOf('share', share, 0), times: numberOf('times', times, 1) };
    const before = save ? null : readBaseline(baseline);
    const profile = await takeProfile(client, filter, now());
    if (profile.types.length === 0)
      throw new AskError(404, 'no flow matches', 'Send some, or ask for other ones.');
    if (before === null) {
      write(baseline, `${JSON.stringify(profile, null, 2)}\n`);
      const flows = profile.types.reduce((sum, type) => sum + type.flows, 0);
      out(`${baseline}: ${counted(profile.types.length, 'type')}, ${counted(flows, 'flow')}`);
      return 0;
    }
    const all = compare(before, profile, tolerance);
    if (markdown !== undefined) write(markdown, reportMarkdown(all));
    if (junit !== undefined) write(junit, reportJunit(all));
    const isHeld = all.some(({ subject, changes }) => subject === 'held' && changes.length > 0);
    const { note } = isHeld ? await alertingOf(client) : { note: null };
    const text = [reportText(all), ...(note === null ? [] : [note])].join('\n');
    out(isJson ? JSON.stringify(all, null, 2) : printable(text));
    return all.some(({ changes }) => changes.length > 0) ? 1 : 0;
  },
};

function numberOf(name: string, text: string, least: number): number {
  const number = Number(text);
  if (text.trim() !== '' && number >= least) return number;
  throw new AskError(400, `--${name}: "${text}" is no number from ${least} on`, '');
}

function readBaseline(path: string): Profile {
  const problem = (what: string): AskError =>
    new AskError(400, `${path} ${what}`, 'Write one with `fermata check FILE --save`.');
  try {
    const read = JSON.parse(readFileSync(path, 'utf8')) as Partial<Profile> | null;
    if (read?.fermataProfile === 1 && Array.isArray(read.types)) return read as Profile;
  } catch (error) {
    throw problem(`cannot be read: ${(error as Error).message}`);
  }
  throw problem('is no baseline');
}

function write(path: string, text: string): void {
  try {
    writeFileSync(path, text);
  } catch (error) {
    throw new AskError(400, `${path} cannot be written: ${(error as Error).message}`, '');
  }
}
