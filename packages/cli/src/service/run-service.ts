import type { Output } from '../terminal/output.ts';

/** Something that runs until it is told to stop. */
export interface Service {
  /** Lets what is under way come to its end, within bounds of its own. */
  close(): Promise<void>;
}

/**
 * Runs a service in this process until SIGINT or SIGTERM; a second signal ends the process at once, as a crash would.
 * @throws what opening the service throws
 */
export async function runService(open: () => Promise<Service>, output: Output): Promise<void> {
  // A promise that one workflow lets drop must not take the other runs with it.
  process.on('unhandledRejection', (error) =>
    console.error('A promise that nobody waits for has failed:', error),
  );
  const { promise: asked, resolve: ask } = Promise.withResolvers<void>();
  let isAsked = false;
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      if (isAsked) process.exit(signal === 'SIGINT' ? 130 : 143);
      isAsked = true;
      ask();
    });
  }
  const service = await open();
  await asked;
  output.note('stopping, running steps may finish; once more to stop at once');
  await service.close();
  // What the workflow files themselves keep open (a timer, a connection) would hold the process.
  process.exit(0);
}
