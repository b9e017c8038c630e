import type { Output } from '../terminal/output.ts';

/** A promise that one workflow lets drop must not keep the others from being replayed. */
export function passOverStrayRejections(output: Output): void {
  process.on('unhandledRejection', (error) =>
    output.note(`A promise that nobody waits for has failed: ${String(error)}`),
  );
}
