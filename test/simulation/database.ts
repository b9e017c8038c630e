import { lendPostgres } from '../postgres/lend.ts';
import { closeStores } from './stores.ts';

export interface Lent extends AsyncDisposable {
  readonly database?: string;
}

/** What a store needs beside itself, for as long as worlds are lived on it. Worlds do not ask for durability. */
export async function lendFor(store: string): Promise<Lent> {
  if (store !== 'postgres') return { [Symbol.asyncDispose]: closeStores };
  const lent = await lendPostgres({ durable: false });
  return {
    database: lent.url,
    async [Symbol.asyncDispose]() {
      await closeStores();
      await lent.close();
    },
  };
}
