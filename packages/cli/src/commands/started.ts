import type { Target } from '../target/target.ts';

/** A run that was started: its id for scripts, and on the side where it is found. */
export function showStarted(run: { id: string; created: boolean }, { output, url }: Target): void {
  const { id, created } = run;
  output.result({ id, created, url: url(id) }, () => [id]);
  const where = url(id);
  if (where !== undefined) output.note(where);
}
