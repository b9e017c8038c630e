import { StepwellError } from 'stepwell';

export interface PostgresStoreOptions {
  /** `postgres://user:password@host:port/database`. Its parameters `schema`, `listen_url` and `connections` are options too. */
  readonly url: string;
  /**
   * Where the news are listened to, if `url` is that of a pooler which gives a connection for a transaction only (PgBouncer):
   * the database itself.
   */
  readonly listenUrl?: string;
  /** In which schema the tables are; it is made if it is missing. Default `stepwell`. */
  readonly schema?: string;
  /** At most so many connections, beside the one that listens; 3 or more, default 10. */
  readonly connections?: number;
  /** Is told of what goes wrong where no caller hears of it. Default: standard error. */
  readonly onError?: (error: unknown) => void;
}

export interface Address {
  readonly url: string;
  readonly listenUrl: string;
  readonly schema: string;
  readonly connections: number;
  /** Between here and the database is a pooler. */
  readonly isPooled: boolean;
  /** For people: without the password. */
  readonly shown: string;
}

const DEFAULT_CONNECTIONS = 10;
const FEWEST_CONNECTIONS = 3;

/** @throws StepwellError `STORE_UNKNOWN`, `OPTION_INVALID` */
export function addressOf(options: PostgresStoreOptions): Address {
  const url = parsed(options.url);
  const own = (name: string) => {
    const value = url.searchParams.get(name) ?? undefined;
    url.searchParams.delete(name);
    return value;
  };
  const schema = options.schema ?? own('schema') ?? 'stepwell';
  const listenUrl = options.listenUrl ?? own('listen_url');
  const connections = Number(options.connections ?? own('connections') ?? DEFAULT_CONNECTIONS);
  // Longer ones would be too long for the name of the channel of their news.
  if (!/^[a-z_][a-z0-9_]{0,53}$/.test(schema)) {
    throw new StepwellError(
      'OPTION_INVALID',
      `The schema ${JSON.stringify(schema)} cannot be used: give up to 54 small letters, digits and "_".`,
    );
  }
  if (!Number.isSafeInteger(connections) || connections < FEWEST_CONNECTIONS) {
    throw new StepwellError(
      'OPTION_INVALID',
      `The number of connections must be a whole number from ${FEWEST_CONNECTIONS}, not ${String(connections)}.`,
    );
  }
  return {
    url: url.href,
    listenUrl: listenUrl === undefined ? url.href : parsed(listenUrl).href,
    schema,
    connections,
    isPooled: listenUrl !== undefined,
    shown: `${url.host}${url.pathname}, schema ${schema}`,
  };
}

function parsed(text: string): URL {
  const url = URL.parse(text);
  if (url !== null && /^postgres(ql)?:$/.test(url.protocol)) return url;
  throw new StepwellError(
    'STORE_UNKNOWN',
    'The address of the PostgreSQL store is not understood. Give "postgres://user:password@host:5432/database".',
  );
}
