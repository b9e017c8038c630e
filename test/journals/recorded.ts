import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Commit } from '../../packages/stepwell/src/model/event.ts';
import type { RunRecord } from '../../packages/stepwell/src/model/run.ts';

export const FOLDER = join(import.meta.dirname, 'recorded');

/** The life of one run, as the engine of its day wrote it. */
export interface RecordedLife {
  /** Version of the engine, and the format of the journal. */
  readonly engine: string;
  readonly format: number;
  /** As it was in the end. */
  readonly run: RunRecord;
  readonly commits: readonly Commit[];
}

export function recordedLives(): { name: string; life: RecordedLife }[] {
  return readdirSync(FOLDER)
    .filter((file) => file.endsWith('.json'))
    .map((file) => ({
      name: file.slice(0, -'.json'.length),
      life: JSON.parse(readFileSync(join(FOLDER, file), 'utf8')) as RecordedLife,
    }));
}
