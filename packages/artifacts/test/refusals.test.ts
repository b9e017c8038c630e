import { BlobServiceClient } from '@azure/storage-blob';
import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { isStepwellError, type ArtifactStore } from 'stepwell';
import {
  azureConnection,
  S3,
  serveAzure,
  serveS3,
  type BlobServer,
} from '../../../test/blob-servers/server.ts';
import { chunks, gathered, pseudoRandom } from '../../../test/conformance/artifacts/contents.ts';
import { AzureArtifacts, openArtifacts, S3Artifacts } from '../src/index.ts';
import { isSigned } from './signature.ts';

const MiB = 1024 * 1024;
let s3: BlobServer;
let azure: BlobServer;
beforeAll(async () => {
  [s3, azure] = await Promise.all([serveS3(), serveAzure()]);
  await containerOf('files').create();
}, 120_000);
afterAll(async () => {
  await s3[Symbol.asyncDispose]();
  await azure[Symbol.asyncDispose]();
});

const endpoint = () => `http://127.0.0.1:${s3.port}`;
const containerOf = (name: string, port = azure.port) =>
  BlobServiceClient.fromConnectionString(azureConnection(port), {
    retryOptions: { maxTries: 1 },
  }).getContainerClient(name);

/** A service that answers as a test says. */
async function serviceThat(
  answers: (...given: Parameters<RequestListener>) => void | Promise<void>,
): Promise<string> {
  const server = createServer((request, response) => void answers(request, response)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** The codes with which all that can be asked of a place is refused. */
async function refusalsOf(store: ArtifactStore): Promise<string[]> {
  const list = async () => {
    for await (const { key } of store.list('')) throw new Error(key);
  };
  const codes = new Set<string>();
  for (const deed of [
    () => store.write('default/r', chunks('x')),
    () => store.write('default/r', pseudoRandom(9 * MiB)),
    list,
    () => store.clean(0),
  ])
    await deed().then(
      () => codes.add('not refused'),
      (error: unknown) => codes.add(isStepwellError(error) ? error.code : String(error)),
    );
  return [...codes];
}

test('S3: an unknown key is not let in', async () => {
  const credentials = { ...S3.credentials, accessKeyId: 'wrong' };
  expect(await refusalsOf(new S3Artifacts({ ...S3, credentials, endpoint: endpoint() }))).toEqual([
    'STORE_ACCESS_DENIED',
  ]);
});

test('S3: every request is signed, with the hash of its body and whatever is in names', async () => {
  let requests = 0;
  const url = await serviceThat(async (request, response) => {
    requests++;
    const body: Buffer[] = [];
    for await (const chunk of request as AsyncIterable<Buffer>) body.push(chunk);
    const isRight = isSigned(request, Buffer.concat(body), S3.credentials.secretAccessKey);
    response.writeHead(isRight ? 200 : 403, { etag: '"e"' });
    response.end(
      isRight ? '<R><UploadId>a+b/c=</UploadId></R>' : '<Error><Code>SignatureDoesNotMatch</Code></Error>',
    );
  });
  const prefix = 'a b/(1)/注文+&=%';
  const store = new S3Artifacts({ ...S3, prefix, endpoint: url });
  await store.write('default/r_2f', chunks('small'));
  await store.write('default/r', pseudoRandom(9 * MiB));
  await gathered(await store.read('default/r/h', { start: 1, end: 3 }));
  for await (const { key } of store.list('default/')) throw new Error(key);
  await store.clean(0);
  await store.delete('default/r/h', 1);
  await store.delete('default/r/h');
  expect(requests).toBe(14);
  const wrong = { ...S3.credentials, secretAccessKey: 'wrong' };
  expect(await refusalsOf(new S3Artifacts({ ...S3, credentials: wrong, endpoint: url }))).toEqual([
    'STORE_ACCESS_DENIED',
  ]);
});

test('S3: a bucket that there is not', async () => {
  expect(await refusalsOf(new S3Artifacts({ ...S3, bucket: 'missing', endpoint: endpoint() }))).toEqual([
    'STORE_UNKNOWN',
  ]);
});

test('S3: nobody answers', async () => {
  expect(await refusalsOf(new S3Artifacts({ ...S3, endpoint: 'http://127.0.0.1:1' }))).toEqual([
    'STORE_UNREACHABLE',
  ]);
});

test('Azure: a wrong key, a container that there is not, nobody there', async () => {
  const wrong = azureConnection(azure.port).replace('AccountKey=E', 'AccountKey=F');
  const container = BlobServiceClient.fromConnectionString(wrong).getContainerClient('files');
  expect(await refusalsOf(new AzureArtifacts({ container }))).toEqual(['STORE_ACCESS_DENIED']);
  expect(await refusalsOf(new AzureArtifacts({ container: containerOf('missing') }))).toEqual([
    'STORE_UNKNOWN',
  ]);
  expect(await refusalsOf(new AzureArtifacts({ container: containerOf('files', 1) }))).toEqual([
    'STORE_UNREACHABLE',
  ]);
});

test('S3: a failure in the body of a 200 is one', async () => {
  const url = await serviceThat((request, response) => {
    request.resume();
    if (request.method === 'POST' && request.url?.includes('uploads'))
      return void response.end('<R><UploadId>u</UploadId></R>');
    if (request.headers['x-amz-copy-source'] !== undefined)
      return void response.end('<Error><Code>InternalError</Code><Message>Try &amp; retry</Message></Error>');
    response.setHeader('etag', '"e"').end('<R></R>');
  });
  const store = new S3Artifacts({ ...S3, endpoint: url });
  await expect(store.write('default/r', pseudoRandom(9 * MiB))).rejects.toMatchObject({
    code: 'STORE_FAILED',
    message: expect.stringContaining('InternalError. Try & retry'),
  });
});

test('S3: a download that is cut off fails', async () => {
  const url = await serviceThat((_request, response) => {
    response.setHeader('content-length', 100).write('half');
    setImmediate(() => response.destroy());
  });
  const reading = await new S3Artifacts({ ...S3, endpoint: url }).read('default/r/h');
  await expect(gathered(reading)).rejects.toMatchObject({ code: 'STORE_UNREACHABLE' });
});

test('S3: uploads and objects that a crash left are cleaned when they are old', async () => {
  const deleted: string[] = [];
  // One that began hours ago may still go on.
  const [old, fresh] = [new Date(0).toISOString(), new Date(Date.now() - 20 * 3_600_000).toISOString()];
  const url = await serviceThat((request, response) => {
    const { pathname, searchParams } = new URL(request.url!, 'http://x');
    if (request.method === 'DELETE') {
      deleted.push(`${pathname} ${searchParams.get('uploadId') ?? ''}`);
      return void response.writeHead(204).end();
    }
    const upload = (id: string, at: string) =>
      `<Upload><Key>p/.unfinished/${id}</Key><UploadId>${id}</UploadId><Initiated>${at}</Initiated></Upload>`;
    if (searchParams.has('uploads'))
      return void response.end(`<R>${upload('u1', old)}${upload('u2', fresh)}</R>`);
    const object = (key: string, at: string) =>
      `<Contents><Key>p/.unfinished/${key}</Key><LastModified>${at}</LastModified><Size>1</Size></Contents>`;
    // Two pages.
    if (!searchParams.has('continuation-token'))
      return void response.end(
        `<R>${object('o1', old)}<NextContinuationToken>t&amp;</NextContinuationToken></R>`,
      );
    expect(searchParams.get('continuation-token')).toBe('t&');
    return void response.end(`<R>${object('o2', fresh)}${object('o3', old)}</R>`);
  });
  const store = new S3Artifacts({ ...S3, prefix: '/p/', endpoint: url });
  expect(await store.clean(Date.now() - 3_600_000)).toBe(3);
  const of = (name: string) => `/files/p/.unfinished/${name}`;
  expect(deleted).toEqual([`${of('o1')} `, `${of('o3')} `, `${of('u1')} u1`]);
});

test('Azure: what a crash left is cleaned when it is old, and not before', async () => {
  const container = containerOf('files');
  const left = container.getBlockBlobClient('clean/.unfinished/left');
  await left.upload('half', 4);
  const store = new AzureArtifacts({ container, prefix: 'clean' });
  expect(await store.clean(Date.now() - 60_000)).toBe(0);
  expect(await store.clean(Date.now() + 60_000)).toBe(1);
  expect(await left.exists()).toBe(false);
});

test('prefixes keep stores apart', async () => {
  const one = new S3Artifacts({ ...S3, prefix: 'one', endpoint: endpoint() });
  const two = new S3Artifacts({ ...S3, prefix: 'two', endpoint: endpoint() });
  const { hash } = await one.write('default/r', chunks('mine'));
  expect(await two.read(`default/r/${hash}`)).toBeNull();
  for await (const { key } of two.list('')) throw new Error(key);
});

test('credentials may be asked for before each request', async () => {
  let asked = 0;
  const credentials = async () => (asked++, S3.credentials);
  const store = new S3Artifacts({ ...S3, credentials, prefix: 'asked', endpoint: endpoint() });
  const { hash } = await store.write('default/r', chunks('x'));
  expect(await gathered(await store.read(`default/r/${hash}`))).toBe('x');
  expect(asked).toBe(2);
});

const AWS = { AWS_ACCESS_KEY_ID: 'S3RVER', AWS_SECRET_ACCESS_KEY: 'S3RVER' };

test('an address and the environment say where the artifacts are', async () => {
  const address = `s3://files/by%20address?region=us-east-1&endpoint=${encodeURIComponent(endpoint())}`;
  for (const store of [
    openArtifacts(address, AWS),
    openArtifacts('azure://files/by-address', {
      AZURE_STORAGE_CONNECTION_STRING: azureConnection(azure.port),
    }),
  ]) {
    const { hash } = await store.write('default/r', chunks(store.kind));
    expect(await gathered(await store.read(`default/r/${hash}`))).toBe(store.kind);
  }
});

test.each([
  ['s3://files', AWS, 'OPTION_INVALID', 'AWS_REGION'],
  ['s3://files?region=x', {}, 'OPTION_INVALID', 'AWS_ACCESS_KEY_ID'],
  ['azure://files', {}, 'OPTION_INVALID', 'AZURE_STORAGE_CONNECTION_STRING'],
  ['s3:files', AWS, 'STORE_UNKNOWN', 's3://bucket'],
  ['azure:///prefix', {}, 'STORE_UNKNOWN', 'azure://container'],
  ['ftp://files', {}, 'STORE_UNKNOWN', 's3://bucket'],
])('the address %s is refused', (address, environment, code, message) => {
  expect(() => openArtifacts(address, environment)).toThrow(
    expect.objectContaining({ code, message: expect.stringContaining(message) }),
  );
});
