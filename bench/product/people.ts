import type { SubscriberRequest } from '../../domain/subscriber/subscriber.js';
import { FIRST_ACCOUNT } from '../../store/accounts/accounts.js';
import { counters } from '../../store/mongo/counters.js';
import { newRow, type Subscriber } from '../../store/subscribers/row.js';
import type { Product } from './product.js';

const AT_ONCE = 5_000;
const WRITERS = 4;

/** One of the people of a list, by number. */
export function person(n: number): SubscriberRequest {
  const email = `reader${n}@example.test`;
  const attributes = { city: n % 3 === 0 ? 'Köln' : 'London', plan: 'pro' };
  return { email, email_key: email, first_name: n % 5 === 0 ? 'Zoë' : `Ada${n}`, last_name: 'Lovelace', attributes };
}

/** Creates a list with this many people, written straight into MongoDB as the store writes them; returns its id. */
export async function listOf({ call, store }: Pick<Product, 'call' | 'store'>, people: number): Promise<number> {
  const { id: list } = await call<{ id: number }>('POST', '/lists', { name: `${people} people` });
  const rows = store.db.collection<Subscriber>('subscribers');
  const first = await counters(store).block('subscribers', people);
  const owner = { account: FIRST_ACCOUNT, list, source: 'bench' };
  let next = 0;
  const writeOn = async () => {
    while (next < people) {
      const from = next;
      next += AT_ONCE;
      const size = Math.min(AT_ONCE, people - from);
      const chunk = Array.from({ length: size }, (_, i) => newRow(owner, person(from + i), first + from + i));
      await rows.insertMany(chunk, { ordered: false, writeConcern: { w: 1, journal: false } });
    }
  };
  await Promise.all(Array.from({ length: WRITERS }, writeOn));
  return list;
}
