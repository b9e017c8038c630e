import { examine, type DoctorOptions } from '../src/doctor/doctor.ts';
import type { Finding, FindingCode, Level } from '../src/doctor/finding.ts';
import type { Place } from '../src/export/place.ts';

export async function examined(place: Place, options: Partial<DoctorOptions> = {}): Promise<Finding[]> {
  const given = {
    namespace: 'default',
    workflows: null,

    now: () => Date.now(),
    ...options,
  };
  const findings: Finding[] = [];
  for await (const finding of examine(place, given)) findings.push(finding);
  return findings;
}

/** The findings of a code, none of which may be of another level. */
export function found(findings: readonly Finding[], code: FindingCode, level: Level): Finding[] {
  const all = findings.filter((finding) => finding.code === code);
  const other = all.find((finding) => finding.level !== level);
  if (all.length > 0 && other === undefined) return all;
  throw new Error(`no ${level} ${code}: ${JSON.stringify(findings, null, 2)}`);
}

/** What is not well. */
export function faults(findings: readonly Finding[]): string[] {
  return findings.filter(({ level }) => level !== 'ok').map(({ level, code }) => `${level} ${code}`);
}
