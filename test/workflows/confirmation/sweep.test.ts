import PostalMime from 'postal-mime';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { now } from '../../../clock.js';
import type { Confirmation } from '../../../store/confirmations/row.js';
import { aList } from '../../support/api/api.js';
import { type DraftEverpost, draftEverpost } from '../../support/everpost/draft-everpost.js';
import { until } from '../../support/until.js';

const LIMIT = 90_000;
const HOUR = 3_600_000;
let everpost: DraftEverpost;
let list_id: number;

beforeAll(async () => {
  everpost = await draftEverpost();
  list_id = await aList(everpost.api, { double_opt_in: true });
});
afterAll(() => everpost?.close());

const rows = () => everpost.api.store.db.collection<Confirmation>('confirmations');
const stateOf = async (_id: number) => (await rows().findOne({ _id }))?.state;
const mailsTo = (email: string) => everpost.receiver.accepted.filter(({ to }) => to[0] === email);

/** A request whose process stopped after its answer: no workflow was started, and the sweep is due. */
async function forgotten(email: string): Promise<number> {
  const requested = { email, email_key: email };
  const request = {
    account: everpost.api.account,
    list_id,
    requested,
    language: 'en',
    source: 'form',
    ip: null,
    visitor: null,
  };
  const { _id } = await everpost.api.deps.confirmations.add(
    request as Parameters<typeof everpost.api.deps.confirmations.add>[0],
  );
  await rows().updateOne({ _id }, { $set: { sweep_at: now() } });
  return _id;
}

test('the sweep sends the confirmation mails of a stopped process, and ends expired requests without a further mail', async () => {
  const asked = await forgotten('ada@example.com');
  const late = await forgotten('bo@example.com');
  const open = await everpost.api.deps.confirmations.open(everpost.api.account, late);
  const over = new Date(now().getTime() - HOUR);
  await rows().updateOne({ _id: late }, { $set: { remind_at: over, expires_at: over } });
  await everpost.startWorker();

  await until(() => mailsTo('ada@example.com').length === 1, LIMIT);
  const { html = '' } = await PostalMime.parse(mailsTo('ada@example.com')[0]?.raw ?? '');
  expect(await stateOf(asked)).toBe('open');
  const path = /\/confirm\/[\w-]+/.exec(html)?.[0] ?? '';
  expect((await everpost.api.call(`POST ${path}`, { key: null })).statusCode).toBe(200);
  expect(await stateOf(asked)).toBe('confirmed');

  await until(async () => (await stateOf(late)) === 'expired', LIMIT);
  expect(await rows().findOne({ _id: late })).toMatchObject({ sweep_at: null });
  expect(await everpost.api.deps.subscribers.onEveryList(everpost.api.account, 'bo@example.com')).toEqual([]);
  const published = everpost.api.store.db.collection('events').find({ subscriber: open?.subscriber });
  expect((await published.toArray()).map(({ type }) => type)).toEqual(['subscriber.pending', 'subscriber.unconfirmed']);
  expect(mailsTo('bo@example.com')).toEqual([]);
});
