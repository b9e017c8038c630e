import { StepwellError } from 'stepwell';

/** A look at a database, as `@stepwell/postgres` has it. It is not imported by name: the command does not depend on it. */
export interface PostgresProbe {
  /** For people: without the password. */
  readonly shown: string;
  readonly schema: string;
  readonly connections: number;
  readonly query: <Row>(text: string, values?: readonly unknown[]) => Promise<Row[]>;
  tables(): Promise<{ version: number; newest: number }>;
  readonly hears: (patience: number) => Promise<boolean>;
  close(): Promise<void>;
}

interface PostgresPackage {
  readonly openProbe: (options: { readonly url: string }) => Promise<PostgresProbe>;
}

const POSTGRES_PACKAGE: string = '@stepwell/postgres';

/** @throws StepwellError `STORE_NOT_INSTALLED`, `STORE_UNREACHABLE`, `STORE_ACCESS_DENIED`, `STORE_FAILED` … */
export async function openPostgresProbe(url: string): Promise<PostgresProbe> {
  let found: PostgresPackage;
  try {
    found = (await import(POSTGRES_PACKAGE)) as PostgresPackage;
  } catch (cause) {
    throw new StepwellError(
      'STORE_NOT_INSTALLED',
      `A store in PostgreSQL needs the package ${POSTGRES_PACKAGE}: npm install ${POSTGRES_PACKAGE}.`,
      { cause },
    );
  }
  return found.openProbe({ url });
}
