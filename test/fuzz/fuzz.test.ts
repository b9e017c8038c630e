import { expect, onTestFinished, test } from 'vitest';
import { testDatabase } from '../postgres/shared.ts';
import { fuzz } from './fuzz.ts';

const addresses = {
  SQLite: async () => ({}),
  PostgreSQL: async () => {
    const database = await testDatabase();
    onTestFinished(() => database.drop());
    return { store: database.url };
  },
};

test.each(['SQLite', 'PostgreSQL'] as const)(
  'bad input gets an answer, never a crash: five seconds of `npm run fuzz` on %s',
  async (on) => {
    // Always the same: what new seeds find is for `npm run fuzz`, and must not stop somebody else's change.
    const seed = 48815;
    const { requests, answers, checks } = await fuzz({ seconds: 5, seed, ...(await addresses[on]()) });
    const problems = checks.filter(({ problem }) => problem !== null);
    expect({ seed, problems }).toEqual({ seed, problems: [] });
    expect(requests).toBeGreaterThan(100);
    for (const status of [200, 400, 404]) expect(answers.get(status)).toBeGreaterThan(0);
  },
  60_000,
);
