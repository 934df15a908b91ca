import { randomUUID } from 'node:crypto';

/** Calls the API at `address` with a key; returns `data`, throws with the whole response unless it is 2xx. */
export function apiClient(address: string, key: string) {
  return async <T>(method: string, path: string, body?: object): Promise<T> => {
    const response = await fetch(`${address}/api/v1${path}`, {
      method,
      headers: {
        authorization: `Bearer ${key}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...(method === 'POST' ? { 'idempotency-key': randomUUID() } : {}),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path} answered ${response.status}: ${text}`);
    return (JSON.parse(text) as { data: T }).data;
  };
}

/** Creates a list with this many readers through the API. */
export async function aListOfSubscribers(
  call: ReturnType<typeof apiClient>,
  name: string,
  recipients: number,
): Promise<number> {
  const { id } = await call<{ id: number }>('POST', '/lists', { name });
  for (let first = 0; first < recipients; first += 1_000) {
    const size = Math.min(1_000, recipients - first);
    const subscribers = Array.from({ length: size }, (_, i) => ({ email: `reader${first + i}@example.test` }));
    await call('POST', '/subscribers/batch', { list_id: id, subscribers });
  }
  return id;
}
