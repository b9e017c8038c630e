import { expect, test } from 'vitest';
import { textOfLine } from '../../src/seeing/text-lines.ts';

const line = (more: object) =>
  JSON.stringify({ level: 40, time: '2030-01-01T00:00:00.000Z', pid: 1, ...more });

test('time, level, message, then what else it says', () => {
  expect(
    textOfLine(line({ msg: 'run stuck', run: 'r', error: { name: 'StepwellError', code: 'NO_WORKER' } })),
  ).toBe('2030-01-01T00:00:00.000Z warn run stuck run=r NO_WORKER\n');
  expect(
    textOfLine(
      line({
        msg: 'failed',
        error: { message: 'why', stack: 'Error: why\u001b\n  at x', cause: 'Error: deep' },
      }),
    ),
  ).toBe('2030-01-01T00:00:00.000Z warn failed \nError: why\\u001b\n  at x\n  caused by Error: deep\n');
});

test('what a workflow writes cannot steer the terminal, nor look like another line', () => {
  const text = textOfLine(line({ msg: '\u001b[2Jgone\n2030 error fake', operation: 'a\u009b' }));
  expect(text).toBe('2030-01-01T00:00:00.000Z warn \\u001b[2Jgone\\n2030 error fake operation=a\\u009b\n');
});
