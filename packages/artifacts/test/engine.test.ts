import { BlobServiceClient } from '@azure/storage-blob';
import { Stepwell, workflow } from 'stepwell';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import {
  azureConnection,
  S3,
  serveAzure,
  serveS3,
  type BlobServer,
} from '../../../test/blob-servers/server.ts';
import { hashOf, pseudoRandom } from '../../../test/conformance/artifacts/contents.ts';

const LARGE = 9 * 1024 * 1024;
let s3: BlobServer;
let azure: BlobServer;
beforeAll(async () => {
  [s3, azure] = await Promise.all([serveS3(), serveAzure()]);
  const service = BlobServiceClient.fromConnectionString(azureConnection(azure.port));
  await service.getContainerClient('files').create();
  vi.stubEnv('AWS_ACCESS_KEY_ID', S3.credentials.accessKeyId);
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', S3.credentials.secretAccessKey);
  vi.stubEnv('AZURE_STORAGE_CONNECTION_STRING', azureConnection(azure.port));
}, 120_000);
afterAll(async () => {
  vi.unstubAllEnvs();
  await s3[Symbol.asyncDispose]();
  await azure[Symbol.asyncDispose]();
});

const copy = workflow('copy', async (ctx, input: string) => {
  const source = await ctx.artifacts.read('in');
  const copied = await ctx.artifacts.write('out', () => pseudoRandom(LARGE));
  return { same: source.hash === copied.hash, input: input.length, result: await ctx.step('s', () => input) };
});

test.each([
  ['s3', () => `s3://files/engine?region=us-east-1&endpoint=http://127.0.0.1:${s3.port}`],
  ['azure', () => 'azure://files/engine'],
])(
  'an engine whose artifacts are in %s: files, large values, purge',
  async (_kind, address) => {
    await using well = await Stepwell.open({
      store: 'memory:',
      artifacts: address(),
      limits: { payloadBytes: 1_000 },
      workflows: [copy],
    });
    await well.artifacts.write('r', 'in', pseudoRandom(LARGE));
    const input = 'i'.repeat(2_000);
    const run = await well.start(copy, input, { id: 'r' });
    expect(await run.result()).toEqual({ same: true, input: 2_000, result: input });
    const file = await well.artifacts.read('r', 'out');
    expect(await hashOf(file.stream())).toBe(file.hash);
    expect((await well.get('r')).input).toBe(input);
    expect(await well.artifacts.sweep()).toEqual({ unfinished: 0, contents: 0, unstarted: 0 });
    await well.purge('r');
    await expect(file.text()).rejects.toMatchObject({ code: 'ARTIFACT_DAMAGED' });
  },
  30_000,
);
