// Opens a store in PostgreSQL where the package for it is not installed, and says what becomes of it.
import { registerHooks } from 'node:module';
import { isStepwellError, Stepwell } from 'stepwell';

registerHooks({
  resolve: (specifier, context, next) =>
    next(specifier, specifier === '@stepwell/postgres' ? { ...context, parentURL: 'file:///' } : context),
});

const error: unknown = await Stepwell.open({ store: 'postgres://127.0.0.1/db' }).catch((thrown) => thrown);
console.log(isStepwellError(error) ? `${error.code}: ${error.message}` : error);
