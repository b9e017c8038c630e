import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { withSettings } from './database.ts';
import { type PostgresServer, startPostgres } from './server.ts';
import { testDatabase } from './shared.ts';

const ask = async (url: string, sql: string): Promise<unknown[]> => {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query({ text: sql, rowMode: 'array' })).rows.flat();
  } finally {
    await client.end();
  }
};

describe('a server of its own', () => {
  let server: PostgresServer;
  beforeAll(async () => {
    server = await startPostgres();
  }, 60_000);
  afterAll(() => server.close());

  it('has its default durability', async () => {
    const settings = ['fsync', 'synchronous_commit', 'full_page_writes'];
    const values = await ask(
      server.url,
      `select ${settings.map((name) => `current_setting('${name}')`).join()}`,
    );
    expect(values).toEqual(['on', 'on', 'on']);
  });

  it('comes back on the same port, with what was committed, after both ways of stopping', async () => {
    const { port } = server;
    await ask(server.url, 'create table kept as select 1 as n');
    for (const mode of ['fast', 'immediate'] as const) {
      await server.stop(mode);
      expect(server.isRunning).toBe(false);
      await expect(ask(server.url, 'select')).rejects.toThrow('ECONNREFUSED');
      await server.start();
      expect(server.port).toBe(port);
      expect(await ask(server.url, 'select n from kept')).toEqual([1]);
    }
  });

  it('ends connections', async () => {
    const client = new Client({ connectionString: server.url });
    // The end of the socket is a second error.
    client.on('error', () => {});
    await client.connect();
    const lost = once(client, 'error');
    expect(await server.terminateConnections()).toBe(1);
    expect(String((await lost)[0])).toContain('terminating connection');
  });

  it('takes settings in its address', async () => {
    const hurried = withSettings(server.url, { statement_timeout: 20 });
    await expect(ask(hurried, 'select pg_sleep(20)')).rejects.toThrow('statement timeout');
  });

  it('has a standby that takes its place', async (test) => {
    if (!server.canHaveStandby) return test.skip('this installation has no pg_basebackup');
    const standby = await server.startStandby();
    await expect(ask(standby.url, 'create table refused (n integer)')).rejects.toThrow('read-only');
    await ask(server.url, 'create table followed as select 2 as n');
    const [lsn] = await ask(server.url, 'select pg_current_wal_lsn()');
    await vi.waitUntil(
      async () => (await ask(standby.url, `select pg_last_wal_replay_lsn() >= '${String(lsn)}'`))[0],
      { timeout: 10_000 },
    );
    await server.stop('immediate');
    await standby.promote();
    expect(await ask(standby.url, 'insert into followed values (3) returning n')).toEqual([3]);
    await standby.close();
    await server.start();
  }, 60_000);
});

it('does not outlive a process that is killed, and leaves no files', async () => {
  const source = `import { startPostgres } from '${join(import.meta.dirname, 'server.ts')}';
    const server = await startPostgres({ durable: false });
    console.log(server.dataDirectory);
    setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', source], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const dataDirectory = String((await once(child.stdout, 'data'))[0]).trim();
  const pid = Number(readFileSync(join(dataDirectory, 'postmaster.pid'), 'utf8').split('\n')[0]);
  child.kill('SIGKILL');
  await vi.waitUntil(() => !existsSync(join(dataDirectory, '..')), { timeout: 10_000 });
  expect(() => process.kill(pid, 0)).toThrow('ESRCH');
}, 60_000);

it('is shared by all test files, each with databases of its own', async () => {
  const [one, other] = [await testDatabase(), await testDatabase()];
  await ask(one.url, 'create table mine as select 1 as n');
  await expect(ask(other.url, 'select * from mine')).rejects.toThrow('does not exist');
  await Promise.all([one.drop(), other.drop()]);
  await expect(ask(one.url, 'select')).rejects.toThrow('does not exist');
}, 60_000);
