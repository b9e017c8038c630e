import { commandLine, groundOf, scenarioArguments, seedArguments, type Circumstances } from './command.ts';
import { describeScenario } from './notation.ts';
import { scenarioOf, type Scenario } from './scenario.ts';
import { shrink, type Shrunk } from './shrink.ts';
import type { Violation } from './violation.ts';
import { simulate, type Report } from './world.ts';

/** The smallest scenario that was found to fail as this one does: with a violation of the same kind. */
export function shrinkFailure(
  scenario: Scenario,
  { kind }: Pick<Violation, 'kind'>,
  circumstances: Circumstances,
): Promise<Shrunk> {
  const ground = groundOf(circumstances);
  return shrink(scenario, async (smaller) => {
    const { violations } = await simulate(smaller, ground);
    return violations[0]?.kind === kind;
  });
}

/**
 * What people are told of a seed that failed, and how they see it again.
 * @param directory where the shrunk scenario is kept; default: the system's for temporary files
 */
export async function describeFailure(
  seed: number,
  failure: Pick<Violation, 'kind' | 'message'>,
  circumstances: Circumstances,
  directory?: string,
): Promise<string> {
  const { scenario, worlds } = await shrinkFailure(scenarioOf(seed), failure, circumstances);
  const report = await simulate(scenario, groundOf(circumstances));
  const again = seedArguments(seed, circumstances);
  return [
    `seed ${seed}: ${failure.message}`,
    `shrunk in ${worlds} worlds:`,
    describeScenario(scenario).replaceAll(/^/gm, '  '),
    `  what went wrong in it: ${wentWrong(report)}`,
    told(report),
    `  ${commandLine(scenarioArguments(scenario, circumstances, directory))}`,
    `  ${commandLine([...again, '--shrunk'])}`,
  ].join('\n');
}

function wentWrong({ faults }: Report): string {
  return [...faults].map(([fault, times]) => `${times} × ${fault}`).join(', ') || 'nothing';
}

/** All that was violated. */
export function told({ violations }: Report): string {
  return violations.map(({ message }) => message).join('\n');
}
