import type { Caller } from './caller.js';

interface CampaignPlan {
  /** The Idempotency-Keys of its requests begin with it. */
  readonly key: string;
  /** Its list has the addresses `<name>0@example.test` and following. */
  readonly name: string;
  readonly recipients: number;
  /** Mails a second. */
  readonly rate: number;
  /** Whether it is sent only once it is approved. */
  readonly approval?: boolean;
}

type Made = { readonly data: { readonly id: number } };

const HTML = '<p>Hello. <a href="https://acme.test/news">Read</a></p><p><a href="{{ unsubscribe_url }}">Leave</a></p>';

/** A campaign to a list of its own, which can be sent; returns its id. */
export async function preparedCampaign(
  call: Caller,
  { key, name, recipients, rate, approval }: CampaignPlan,
): Promise<number> {
  const { data: list } = await call<Made>('POST', '/lists', { body: { name }, key: `${key}-list` });
  for (let first = 0; first < recipients; first += 1_000) {
    const size = Math.min(1_000, recipients - first);
    const subscribers = Array.from({ length: size }, (_, i) => ({ email: `${name}${first + i}@example.test` }));
    const body = { list_id: list.id, subscribers };
    await call('POST', '/subscribers/batch', { body, key: `${key}-batch-${first}` });
  }
  const from = { name: 'News', email: 'news@acme.test' };
  const letter = { list_id: list.id, subject: 'News', html: HTML, from, settings: { rate_per_second: rate } };
  const body = { ...letter, ...(approval !== undefined && { approval }) };
  const { data } = await call<Made>('POST', '/campaigns', { body, key: `${key}-campaign` });
  return data.id;
}

/** The webhook that receives every event of the account. */
export async function addWebhook(call: Caller, url: string, key: string): Promise<void> {
  await call('POST', '/webhooks', { body: { url }, key: `${key}-webhook` });
}
