/** The address that pages give where a PostgreSQL is needed. Tests put that of an empty database in its place. */
export const EXAMPLE_DATABASE = 'postgres://shop:secret@db.internal/shop';
