import { BlobServiceClient } from '@azure/storage-blob';
import { StepwellError } from 'stepwell';
import type { ArtifactStore } from 'stepwell/engine';
import { AzureArtifacts } from './azure.ts';
import { S3Artifacts } from './s3.ts';

/**
 * The artifacts at an address: `s3://bucket/prefix?region=eu-central-1&endpoint=http://127.0.0.1:9000` or
 * `azure://container/prefix`. Who may use them is said by the environment: `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`,
 * `AWS_SESSION_TOKEN`, `AWS_REGION`; `AZURE_STORAGE_CONNECTION_STRING`.
 * @throws StepwellError `STORE_UNKNOWN`, `OPTION_INVALID`
 */
export function openArtifacts(address: string, environment: NodeJS.ProcessEnv = process.env): ArtifactStore {
  const url = URL.canParse(address) ? new URL(address) : null;
  const name = url?.hostname ?? '';
  const prefix = decodeURIComponent(url?.pathname ?? '');
  if (url?.protocol === 's3:' && name !== '') return openS3(name, prefix, url.searchParams, environment);
  if (url?.protocol === 'azure:' && name !== '') return openAzure(name, prefix, environment);
  throw new StepwellError(
    'STORE_UNKNOWN',
    `The place for artifacts "${address}" is not understood. Give "s3://bucket/prefix?region=…" or "azure://container/prefix".`,
  );
}

function openS3(
  bucket: string,
  prefix: string,
  parameters: URLSearchParams,
  environment: NodeJS.ProcessEnv,
): ArtifactStore {
  const region = parameters.get('region') ?? environment['AWS_REGION'] ?? environment['AWS_DEFAULT_REGION'];
  if (region === undefined) throw missing('AWS_REGION', 's3', 'Or say ?region=… in the address');
  const endpoint = parameters.get('endpoint');
  const sessionToken = environment['AWS_SESSION_TOKEN'];
  const credentials = {
    accessKeyId: demand(environment, 'AWS_ACCESS_KEY_ID', 's3'),
    secretAccessKey: demand(environment, 'AWS_SECRET_ACCESS_KEY', 's3'),
    ...(sessionToken === undefined ? {} : { sessionToken }),
  };
  return new S3Artifacts({ bucket, prefix, region, credentials, ...(endpoint === null ? {} : { endpoint }) });
}

function openAzure(container: string, prefix: string, environment: NodeJS.ProcessEnv): ArtifactStore {
  const connection = demand(environment, 'AZURE_STORAGE_CONNECTION_STRING', 'azure');
  const service = BlobServiceClient.fromConnectionString(connection);
  return new AzureArtifacts({ container: service.getContainerClient(container), prefix });
}

function demand(environment: NodeJS.ProcessEnv, name: string, kind: string): string {
  const value = environment[name];
  if (value === undefined || value === '')
    throw missing(name, kind, 'Or give a store that was opened with it');
  return value;
}

function missing(name: string, kind: string, otherwise: string): StepwellError {
  return new StepwellError(
    'OPTION_INVALID',
    `Artifacts at ${kind}://… need the environment variable ${name}. ${otherwise}.`,
  );
}
