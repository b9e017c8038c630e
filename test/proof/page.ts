import type { Evidence } from './evidence.ts';
import { FINDS } from './finds.ts';
import { count, list, prose, table, verbatim } from './markdown.ts';
import { matrixSection } from './matrix-section.ts';

/** The page docs/proof.md: nothing in it differs from one run to the next, unless the code does. */
export function pageOf(evidence: Evidence): string {
  const sections = [
    introduction(evidence),
    worldsSection(evidence),
    matrixSection(evidence.matrix),
    plantedSection(evidence),
    modelSection(evidence),
    suitesSection(evidence),
    findsSection(),
  ];
  return `${sections.join('\n\n')}\n`;
}

function introduction({ engine, format, seeds }: Evidence): string {
  return [
    '<!-- Written by `npm run proof`. What stands under "What these found" is kept in test/proof/finds.ts. -->',
    '# Proof',
    prose(`What is done to show that the engine keeps its [guarantees](guarantees.md), and what that came to. The
      command that does all of it writes this page, here for version ${engine} (journal format ${format}). It names no
      time and no machine: the same code gives the same page.`),
    '```sh\nnpm run proof\n```',
    prose(`It ends with an error, and leaves the page as it is, if anything fails, or if something that must happen did
      not. With \`--store sqlite\` worlds and crash matrix are lived on files instead, with \`--store postgres\` on a
      PostgreSQL. \`npm test\` does a part of it; this is all, with ${count(seeds)} seeds.`),
    table(['what', 'how', 'where'], METHODS),
  ].join('\n\n');
}

const METHODS = [
  [
    '[Random worlds](#random-worlds)',
    'random programs, several workers and clients, faults by a seed; each outcome is held against a second, tiny implementation of `ctx`',
    '[test/simulation](../test/simulation/main.ts)',
  ],
  [
    '[Crash matrix](#crash-matrix)',
    'something goes wrong once, at every call to the store and at every entry and exit of a body',
    '[crash-matrix.ts](../test/simulation/crash-matrix.ts)',
  ],
  [
    '[Planted bugs](#planted-bugs)',
    'bugs that are put in on purpose must be found by the random worlds',
    '[planted.ts](../test/simulation/planted.ts)',
  ],
  [
    '[Model](#model)',
    'every state that a small model of store and workers can come to; the stores of all worlds are held against the same rules',
    '[test/model-check](../test/model-check/figures.ts)',
  ],
  [
    '[Stores and journals](#stores-and-journals)',
    'one suite for every store, random calls with equal answers, recorded runs that must replay for ever',
    '[test/conformance](../test/conformance/conformance.test.ts), [test/journals](../test/journals/journals.test.ts)',
  ],
  [
    'Real processes',
    'killed with SIGKILL at random on a real file, with a ledger outside: `npm run chaos`. Not on this page, since no two of its runs are the same',
    '[test/chaos](../test/chaos/main.ts)',
  ],
] as const;

function worldsSection({ seeds, simulation }: Evidence): string {
  const { worlds, commits, refused, bodies, zombies, aftermath } = simulation;
  return [
    '## Random worlds',
    prose(`A seed decides the programs, the machines, what people do, what goes wrong when, and what comes before what.
      Time is virtual. A world passes if everything ends within a bound once the faults have stopped, each outcome is
      one that the reference allows, and no rule of journals, stores, bodies and acknowledgements was broken on the
      way. Every tenth seed is lived twice: the two traces must be equal to the byte. \`npm run sim -- --seed N\` lives
      one again, with its trace.`),
    table(
      [
        'seeds',
        'worlds',
        'commits',
        'of these refused',
        'bodies',
        'of these by workers that had lost the run',
      ],
      [[seeds, worlds, commits, refused, bodies, zombies]],
    ),
    prose(`When the faults had stopped, everything had ended within ${count(Math.ceil(aftermath / 1_000))} s of virtual
      time.`),
    'What went wrong, and how often. A kind that never happened fails the proof.',
    table(['fault', 'times'], [...simulation.faults]),
    'What was done. Here too, what never happened fails the proof.',
    table(['deed', 'times'], [...simulation.deeds]),
  ].join('\n\n');
}

function plantedSection({ planted }: Evidence): string {
  return [
    '## Planted bugs',
    prose(`A proof that would not notice a broken engine proves nothing. Each of these bugs is put into what the engine
      is given (the store, what one process is told by it, or the workflows), and the seeds are lived from 1 on until
      one shows it, by a violation that is its own. \`npm run sim -- --planted 'lost wake-up'\` does it for one.`),
    table(
      ['bug', 'what it breaks', 'worlds until found', 'by this violation'],
      planted.map(({ name, breaks, seed, violation }) => [name, breaks, seed, verbatim(violation)]),
    ),
  ].join('\n\n');
}

function modelSection({ model, simulation }: Evidence): string {
  return [
    '## Model',
    prose(`Claims, heartbeats, expiry, commits, deliveries, cancels, reopenings and purges as rules on a small state.
      Every state that two workers can come to is visited, breadth first: ${count(model.states)} states. In each of them
      holds:`),
    list(model.promises),
    table(
      ['scenario', 'states', 'longest way'],
      model.scenarios.map(({ name, states, depth }) => [name, states, depth]),
    ),
    'With a bug in its rules the search finds a broken promise, by the shortest way there is:',
    table(
      ['bug in the rules', 'steps of the way', 'where it leads'],
      model.mutations.map(({ name, steps, breaks }) => [name, steps, verbatim(breaks)]),
    ),
    prose(`In the random worlds each call to the store, and its answer, must be one that these rules allow. So often
      each of them was used:`),
    table(['rule', 'times'], [...simulation.rules]),
  ].join('\n\n');
}

function suitesSection({ suites }: Evidence): string {
  return [
    '## Stores and journals',
    table(
      ['store', 'tests of the contract that passed', 'random calls: every answer is that of the model'],
      Object.entries(suites.conformance).map(([store, tests]) => {
        return [store, tests, suites.differential.includes(store) ? 'yes' : 'not compared'];
      }),
    ),
    prose(`${count(suites.journals)} runs are recorded, of every kind of operation and of every example, with
      ${count(suites.commits)} commits. Each is replayed from every one of its commits on, by the engine as it is, and
      comes to the same result. So it does in SQLite and PostgreSQL, into which it is loaded with its first commit, with
      half of them and with all.`),
  ].join('\n\n');
}

const FINDS_HEADING = '## What these found';

/** The page with its finds as they are told now, and all else as it is. */
export function withFinds(page: string): string {
  const from = page.indexOf(FINDS_HEADING);
  if (from === -1) throw new Error(`the page has no "${FINDS_HEADING}"`);
  return `${page.slice(0, from)}${findsSection()}\n`;
}

function findsSection(): string {
  return [
    FINDS_HEADING,
    prose(`Defects of the engine that the above has found, or tests written for it, and that were mended where they came
      from. Those from before seeds were noted name none.`),
    list(
      FINDS.map(
        ({ what, foundBy, changed, test }) =>
          `${what} _Found by_ ${foundBy}. _Now:_ ${changed} ([test](../${test}))`,
      ),
    ),
  ].join('\n\n');
}
