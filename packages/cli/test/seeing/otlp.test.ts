import { diag } from '@opentelemetry/api';
import { Logs } from '@stepwell/server';
import { expect, onTestFinished, test } from 'vitest';
import { openOtlp } from '../../src/seeing/otlp.ts';

test('what the SDK says of a collector that is away is told once, with the reason and without its stack', async () => {
  const lines: string[] = [];
  const logs = new Logs({ to: { write: (line) => void lines.push(line) } });
  const opened = await openOtlp('http://127.0.0.1:9', logs);
  onTestFinished(async () => {
    await opened.close();
    diag.disable();
  });
  for (const message of ['connect ECONNREFUSED 127.0.0.1:9', 'socket hang up'])
    diag.error(JSON.stringify({ message, stack: `Error: ${message}\n    at somewhere`, code: 'ANY' }));
  expect(lines.map((line) => JSON.parse(line) as object)).toEqual([
    expect.objectContaining({
      msg: expect.stringContaining('this is said once'),
      error: { message: 'connect ECONNREFUSED 127.0.0.1:9' },
    }),
  ]);
});
