#!/usr/bin/env node
import { diagnose } from './diagnose.ts';
import { linesOf } from './diagnosis.ts';

/**
 * This is the program `npx fermata-doctor`, which explains why no spans arrive. Run it in the
 * folder of a service, with the environment of the service. The exit code is 1 if something is
 * certainly wrong.
 */
async function run(): Promise<void> {
  let isWrong = false;
  for await (const diagnosis of diagnose(process.cwd(), process.env)) {
    isWrong ||= diagnosis.state === 'wrong';
    process.stdout.write(linesOf(diagnosis));
  }
  process.exitCode = isWrong ? 1 : 0;
}
void run();
