/** Where a run is found. Paths, not whole addresses: behind a proxy the server does not know its own. */
export function linksOf(
  id: string,
): Record<'self' | 'status' | 'stream' | 'events' | 'cancel' | 'result', string> {
  const self = `/v1/runs/${encodeURIComponent(id)}`;
  return {
    self,
    status: self,
    stream: `${self}/stream`,
    /** A template: the name of the event goes in. */
    events: `${self}/events/{name}`,
    cancel: `${self}/cancel`,
    result: `${self}/result`,
  };
}
