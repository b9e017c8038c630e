import { BlobServiceClient } from '@azure/storage-blob';
import { azureConnection, S3, serveAzure, serveS3 } from '../../../test/blob-servers/server.ts';
import { describeOwnership } from '../../../test/conformance/artifacts/ownership.ts';
import { describeArtifactStore } from '../../../test/conformance/artifacts/suite.ts';
import { AzureArtifacts, S3Artifacts } from '../src/index.ts';

describeArtifactStore('s3', async () => {
  const server = await serveS3();
  const endpoint = `http://127.0.0.1:${server.port}`;
  const store = new S3Artifacts({ ...S3, prefix: 'stepwell/tests', endpoint });
  return { store, [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() };
});

describeArtifactStore('azure', async () => {
  const server = await serveAzure();
  const service = BlobServiceClient.fromConnectionString(azureConnection(server.port));
  const container = service.getContainerClient('files');
  await container.create();
  const store = new AzureArtifacts({ container, prefix: 'stepwell/tests' });
  return { store, [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() };
});

describeOwnership('s3', async () => {
  const server = await serveS3();
  const endpoint = `http://127.0.0.1:${server.port}`;
  return {
    place: (prefix) => new S3Artifacts({ ...S3, prefix, endpoint }),
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
});

describeOwnership('azure', async () => {
  const server = await serveAzure();
  const service = BlobServiceClient.fromConnectionString(azureConnection(server.port));
  const container = service.getContainerClient('files');
  await container.create();
  return {
    place: (prefix) => new AzureArtifacts({ container, prefix }),
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
});
