import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crashTest } from 'stepwell/testing';
import { afterEach, expect, test, vi } from 'vitest';
import { OutsideWorld } from '../outside-world.ts';
import { order } from '../workflow.ts';

const folder = mkdtempSync(join(tmpdir(), 'stepwell-order-crash-'));

afterEach(() => {
  vi.unstubAllGlobals();
  rmSync(folder, { recursive: true });
});

test('wherever the process dies, a large order is charged once and everybody is told once', async () => {
  let world: OutsideWorld;
  let lives = 0;
  const notOnce: string[] = [];
  // The gateway without its network: how long an answer takes must not depend on the machine.
  vi.stubGlobal('fetch', async (url: string, request: RequestInit) => {
    const key = (request.headers as Record<string, string>)['idempotency-key']!;
    const { pathname, searchParams } = new URL(url);
    const service = { '/charges': 'charge', '/mails': 'mail' } as const;
    const answer =
      pathname === '/stock'
        ? world.stockOf(searchParams.getAll('sku'), key)
        : world.perform(service[pathname as '/charges' | '/mails'], key, JSON.parse(request.body as string));
    if (answer.delivery === 'lost') throw new TypeError('fetch failed');
    return Response.json(answer.body, { status: answer.status });
  });

  const input = {
    customer: 'mari@example.com',
    items: [{ sku: 'camera', quantity: 1, price: 120_000 }],
    total: 120_000,
  };
  const report = await crashTest(order, input, {
    before: () => {
      world = new OutsideWorld(join(folder, `ledger-${lives++}.jsonl`), '503,lost,ok', () => {});
    },
    outside: async ({ kind, callback }, well) => {
      if (kind === 'callback') await well.callbacks.succeed(callback!, { approved: true }).catch(() => {});
    },
    after: () => {
      const effects = `${world.ledger.effects('charge').length} charges, ${world.ledger.effects('mail').length} mails`;
      if (effects !== '1 charges, 2 mails') notOnce.push(effects);
      world.ledger.close();
    },
  });

  expect(report.problems).toEqual([]);
  expect(notOnce).toEqual([]);
  expect(report.expected).toMatchObject({ status: 'succeeded', output: { status: 'paid' } });
  expect(report.points).toBeGreaterThan(20);
});
