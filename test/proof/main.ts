// `npm run proof`: does all that docs/proof.md tells of, and writes that page. If anything fails, it ends with exit
// code 1, and the page stays as it was. The same code gives the same page to the byte.
//
//   --seeds N      of the simulation; default 2000
//   --store NAME   at the centre of the worlds; default memory. With another one no page is written.
//   --finds        only writes anew what finds.ts says, into the page that there is

import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { lendFor } from '../simulation/database.ts';
import { STORES } from '../simulation/stores.ts';
import { gather } from './gather.ts';
import { pageOf, withFinds } from './page.ts';

const PAGE = join(import.meta.dirname, '../../docs/proof.md');

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '2000' },
    store: { type: 'string', default: 'memory' },
    finds: { type: 'boolean', default: false },
  },
});
if (values.finds) write(withFinds(readFileSync(PAGE, 'utf8')));
else await prove(Number(values.seeds), values.store);

async function prove(seeds: number, store: string): Promise<void> {
  if (!Number.isSafeInteger(seeds) || seeds < 1) throw new Error('--seeds must be a whole number from 1 on');
  if (!(store in STORES))
    throw new Error(`there is no store "${store}", but: ${Object.keys(STORES).join(', ')}`);
  let failed = 0;
  const tell = (line: string) => console.log(line);
  const fail = (what: string, why: string) => {
    failed++;
    console.error(`✗ ${what}: ${why}`);
  };
  await using lent = await lendFor(store);
  const evidence = await gather({ seeds, store, ...lent }, { tell, fail });
  process.exitCode = failed > 0 ? 1 : 0;
  if (failed > 0) console.error(`${failed} failed; docs/proof.md is as it was`);
  else if (store === 'memory') write(pageOf(evidence));
  else
    console.log(
      `all passed on the ${store} store; docs/proof.md tells of the memory store, and is as it was`,
    );
}

function write(page: string): void {
  writeFileSync(PAGE, page);
  // Tables as all other pages have them.
  const { status, stderr } = spawnSync('biome', ['format', '--write', PAGE], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`biome could not format ${PAGE}: ${stderr}`);
  console.log('docs/proof.md is written');
}
