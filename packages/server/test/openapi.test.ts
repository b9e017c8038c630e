import { expect, test } from 'vitest';
import { TestApi } from './api.ts';
import { noSchedules } from './no-schedules.ts';

interface Operation {
  operationId: string;
  summary: string;
  'x-permission': string;
  parameters?: { name: string; in: string; required: boolean; schema: object }[];
  requestBody?: { content: Record<string, { schema: object }> };
  responses: Record<string, { description: string; content?: Record<string, { schema: object }> }>;
}

interface Document {
  openapi: string;
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, object> };
}

async function documentOf(api: TestApi): Promise<Document> {
  const { status, body } = await api.get('/openapi.json');
  expect(status).toBe(200);
  return body as Document;
}

test('the document has every route, with every answer that it may give', async () => {
  await using api = await TestApi.open({ schedules: noSchedules });
  const { openapi, paths } = await documentOf(api);
  expect(openapi).toBe('3.1.0');
  const described = Object.entries(paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
  );
  expect(described.toSorted()).toEqual(api.routes.map(({ method, path }) => `${method} ${path}`).toSorted());
  expect(described.length).toBeGreaterThan(35);
  for (const route of api.routes) {
    const operation = paths[route.path]![route.method.toLowerCase()]!;
    expect(operation.operationId).toBe(route.operation);
    expect(operation.summary).not.toBe('');
    const withJson = Object.keys(route.answers).filter((status) => route.answers[Number(status)]!.shape);
    expect(withJson.filter((status) => !operation.responses[status]!.content!['application/json'])).toEqual(
      [],
    );
    expect(Object.keys(operation.responses)).toEqual(expect.arrayContaining(Object.keys(route.answers)));
    expect(operation.responses['500']!.description).toContain('INTERNAL');
    expect(operation.responses['500']!.content).toHaveProperty(['application/problem+json']);
  }
});

test('every operation has a name of its own, and says what a caller must be allowed to do', async () => {
  await using api = await TestApi.open({ schedules: noSchedules });
  const names = api.routes.map(({ operation }) => operation);
  expect(new Set(names).size).toBe(names.length);
  const permissions = api.routes.map(({ permission }) => permission);
  expect(permissions.filter((permission) => !/^[a-z]+:[a-z]+$/.test(permission))).toEqual([]);
});

test('parameters are described as they may be given', async () => {
  await using api = await TestApi.open();
  const { paths } = await documentOf(api);
  const list = paths['/v1/runs']!['get']!;
  const parameter = (name: string) => list.parameters!.find((one) => one.name === name)!;
  expect(list.parameters!.filter(({ required }) => required)).toEqual([]);
  expect(parameter('limit').schema).toEqual({ type: 'integer', minimum: 1, maximum: 1_000 });
  expect(parameter('status').in).toBe('query');
  expect(parameter('if-none-match').in).toBe('header');
  const start = paths['/v1/workflows/{name}/runs']!['post']!;
  expect(start.parameters!.map(({ name, required }) => [name, required])).toEqual(
    expect.arrayContaining([
      ['name', true],
      ['idempotency-key', false],
      ['prefer', false],
    ]),
  );
  expect(start.requestBody!.content['application/json']!.schema).toEqual({
    $ref: '#/components/schemas/Start',
  });
});

test('every reference leads somewhere, and what may be left out is not required', async () => {
  await using api = await TestApi.open({ schedules: noSchedules });
  const document = await documentOf(api);
  const names = [...JSON.stringify(document).matchAll(/"#\/components\/schemas\/(\w+)"/g)].map(
    ([, name]) => name!,
  );
  expect(names.length).toBeGreaterThan(10);
  for (const name of names) expect(document.components.schemas).toHaveProperty(name);
  expect(document.components.schemas['Start']).not.toHaveProperty('required');
  expect((document.components.schemas['Run'] as { required: string[] }).required).not.toContain('output');
});
