import { StepwellError } from '../model/errors.ts';

/**
 * A package that is not imported by name: the library does not depend on it.
 * @param what needs it, at the beginning of a sentence and with its verb
 * @throws StepwellError `STORE_NOT_INSTALLED`, and whatever loading it throws
 */
export async function optionalPackage<T>(name: string, what: string): Promise<T> {
  try {
    return (await import(name)) as T;
  } catch (thrown) {
    const isMissing =
      thrown instanceof Error &&
      'code' in thrown &&
      thrown.code === 'ERR_MODULE_NOT_FOUND' &&
      thrown.message.includes(`'${name}'`);
    if (!isMissing) throw thrown;
    throw new StepwellError('STORE_NOT_INSTALLED', `${what} the package ${name}: npm install ${name}.`, {
      cause: thrown,
    });
  }
}
