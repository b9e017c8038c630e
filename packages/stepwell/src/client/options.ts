import { checkId } from '../model/identifier.ts';
import { withDefaultLimits } from '../model/limits.ts';
import { Registry } from '../workflow/registry.ts';
import type { OpenOptions } from './types.ts';
import { workerSettings } from './worker-settings.ts';

export type CheckedOptions = ReturnType<typeof checkOptions>;

/** @throws StepwellError `ID_INVALID`, `OPTION_INVALID`, `WORKFLOW_DUPLICATE` and the like, before anything is opened */
export function checkOptions(options: OpenOptions) {
  return {
    ...options,
    namespace: checkId(options.namespace ?? 'default', 'namespace'),
    limits: withDefaultLimits(options.limits),
    registry: new Registry(options.workflows ?? []),
    settings: options.worker === false ? null : workerSettings(options.worker),
  };
}
