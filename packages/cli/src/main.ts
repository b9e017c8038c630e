#!/usr/bin/env node
import { enableCompileCache } from 'node:module';

// A reader that has enough, such as `head`, closes the pipe: that is no error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1));

// Measured: `stepwell --version` takes 0.09 s with it and 0.30 s without. It covers what is imported after it.
enableCompileCache();
const { execute } = await import('./program.ts');
process.exitCode = await execute(process.argv.slice(2));
// The command is done. What workflow files that were loaded keep open (a timer, a connection) would hold the process.
process.stdout.write('', () => process.exit());
