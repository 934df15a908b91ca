import type { apiClient } from './api-client.js';

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
