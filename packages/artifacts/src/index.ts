export { openArtifacts } from './address.ts';
export { AzureArtifacts, type AzureArtifactsOptions } from './azure.ts';
export { S3Artifacts, type S3ArtifactsOptions } from './s3.ts';
export type { S3Credentials } from './s3-requests.ts';
