import { StepwellError } from './errors.ts';
import { checkName } from './identifier.ts';
import type { Limits } from './limits.ts';

/**
 * Checks the tags of a run; the answer has each once, sorted.
 * @throws StepwellError `NAME_INVALID`, `TOO_MANY_TAGS`, `OPTION_INVALID`
 */
export function checkTags(tags: unknown, of: string, limits: Limits): readonly string[] {
  if (!Array.isArray(tags)) {
    throw new StepwellError('OPTION_INVALID', `The tags of ${of} must be a list of names.`);
  }
  const checked = sortedTags(tags.map((tag) => checkName(tag, `tag of ${of}`, limits.nameLength)));
  demandRoomForTags(checked.length, of, limits);
  return checked;
}

/** @throws StepwellError `TOO_MANY_TAGS` */
export function demandRoomForTags(count: number, of: string, { tagsPerRun }: Limits): void {
  if (count <= tagsPerRun) return;
  throw new StepwellError(
    'TOO_MANY_TAGS',
    `There would be ${count} tags on ${of}; ${tagsPerRun} are allowed. Use fewer, or raise the limit tagsPerRun.`,
  );
}

/** As records of runs have them: each once, in the order of their characters' codes. */
export function sortedTags(tags: Iterable<string>): readonly string[] {
  return [...new Set(tags)].toSorted();
}
