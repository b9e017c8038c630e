import { checkServer } from './address.ts';
import { StepwellClient } from './client.ts';
import { Http } from './http.ts';
import { machine, type Outside } from './outside.ts';
import type { ConnectOptions } from './types.ts';

/**
 * A client of a Stepwell server. Nothing is sent before the first call.
 *
 * @param url such as `http://127.0.0.1:8787`; a path before `/v1` belongs to it
 * @throws StepwellError `OPTION_INVALID`
 */
export function connect(url: string, options: ConnectOptions = {}): StepwellClient {
  return connectWith(url, options, machine);
}

/** @internal For tests: with time and chance of their own. */
export function connectWith(url: string, options: ConnectOptions, outside: Outside): StepwellClient {
  const { headers = {}, errors = [], onLost } = options;
  const ask = options.fetch ?? outside.fetch;
  // That of a browser wants to be called as a function, not as a method of something.
  const fetch: Outside['fetch'] = (...request) => ask(...request);
  const http = new Http({ server: checkServer(url), headers, onLost, outside: { ...outside, fetch } });
  return new StepwellClient(http, errors);
}
