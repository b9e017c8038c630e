import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { blobServers } from './install.ts';

/** A server in a process of its own, with a folder that goes away with it. */
export interface BlobServer extends AsyncDisposable {
  readonly port: number;
}

export const S3 = {
  bucket: 'files',
  region: 'us-east-1',
  /** Those that s3rver knows. */
  credentials: { accessKeyId: 'S3RVER', secretAccessKey: 'S3RVER' },
};

/** The account that every Azurite has. */
export function azureConnection(port: number): string {
  const key = 'Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==';
  return `DefaultEndpointsProtocol=http;AccountName=devstoreaccount1;AccountKey=${key};BlobEndpoint=http://127.0.0.1:${port}/devstoreaccount1;`;
}

export function serveS3(): Promise<BlobServer> {
  return serve('s3rver/bin/s3rver.js', (folder) => [
    ...['--directory', folder, '--address', '127.0.0.1', '--port', '0', '--silent', '--no-vhost-buckets'],
    ...['--configure-bucket', S3.bucket],
  ]);
}

export function serveAzure(): Promise<BlobServer> {
  return serve('azurite/dist/src/blob/main.js', (folder) => [
    ...['--location', folder, '--blobHost', '127.0.0.1', '--blobPort', '0'],
    ...['--skipApiVersionCheck', '--disableTelemetry'],
  ]);
}

/** Milliseconds. */
const LONGEST_START = 30_000;

async function serve(program: string, args: (folder: string) => string[]): Promise<BlobServer> {
  const main = join(blobServers(), program);
  const folder = await mkdtemp(join(tmpdir(), 'stepwell-blobs-'));
  const child = spawn(process.execPath, [main, ...args(folder)], { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = once(child, 'exit');
  const remove = async () => {
    child.kill();
    await ended;
    await rm(folder, { recursive: true, force: true });
  };
  const giveUp = setTimeout(() => child.kill(), LONGEST_START);
  for await (const line of createInterface({ input: child.stdout })) {
    const port = /listen(?:ing|s) on \S*:(\d+)/.exec(line)?.[1];
    if (port === undefined) continue;
    clearTimeout(giveUp);
    child.stdout.resume();
    return { port: Number(port), [Symbol.asyncDispose]: remove };
  }
  clearTimeout(giveUp);
  await remove();
  throw new Error(`${program} ended without saying where it listens.`);
}
