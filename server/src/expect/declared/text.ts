import { durationText } from '../../base/duration.ts';
import { groupedBy } from '../../base/lists.ts';
import { writeYaml } from '../../base/yaml.ts';
import type { DefinedStep, Definition } from '../../model/definition.ts';
import { DEFAULT_WITHIN_MS } from './schema.ts';

/** Returns a definition as YAML, in the format that people write and `readDefinitions` reads. */
export function definitionText(definition: Definition): string {
  const { type, version, withinMs, steps, ends, undoInOrder } = definition;
  const groups = groupedBy(steps.keys(), (i) =>
    steps[i]!.choice === 0 ? `step ${i}` : `choice ${steps[i]!.choice}`,
  );
  const usualMs = withinMs ?? DEFAULT_WITHIN_MS;
  const flow = {
    ...(version !== '' && { version }),
    ...(withinMs !== null && { within: durationText(withinMs) }),
    steps: [...groups.values()].map((group) =>
      entryOf(
        group.map((i) => steps[i]!),
        usualMs,
      ),
    ),
    ...(ends.length > 0 && { ends }),
    ...(undoInOrder && { undoInOrder }),
  };
  return writeYaml({ flows: { [type]: flow } });
}

function entryOf(group: readonly DefinedStep[], usualMs: number): object {
  const { after, withinMs, optional } = group[0]!;
  return {
    ...(group.length === 1 ? alone(group[0]!) : { oneOf: group.map(alone) }),
    ...(after.length > 0 && { after: after.length === 1 ? after[0] : after }),
    ...(withinMs !== usualMs && { within: durationText(withinMs) }),
    ...(optional && { optional }),
  };
}

const alone = ({ name, service, compensatedBy }: DefinedStep): object => ({
  name,
  ...(service !== null && { service }),
  ...(compensatedBy !== null && { compensatedBy }),
});
