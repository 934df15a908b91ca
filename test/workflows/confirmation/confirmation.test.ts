import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { DEFAULT_BRAND } from '../../../domain/brand/brand.js';
import { accounts } from '../../../store/accounts/accounts.js';
import { confirmations } from '../../../store/confirmations/confirmations.js';
import { lists } from '../../../store/lists/lists.js';
import { contents } from '../../../store/messages/contents.js';
import type { Message } from '../../../store/messages/row.js';
import { subscribers } from '../../../store/subscribers/subscribers.js';
import type { confirmation as confirmationWorkflow } from '../../../workflows/confirmation/confirmation.js';
import { confirmationRowChanged } from '../../../workflows/messages/confirmation.js';
import { confirmationWorkflowId } from '../../../workflows/names.js';
import { type TimeSkippingEverpost, timeSkippingEverpost } from '../../support/everpost/time-skipping-everpost.js';

const DAY = 24 * 3_600_000;
let everpost: TimeSkippingEverpost;
let account: number;
let list: number;
let email: string;
let people = 0;

beforeAll(async () => {
  everpost = await timeSkippingEverpost();
  account = (await accounts(everpost.store).open('Leaf'))._id;
  const colors = { ...DEFAULT_BRAND.colors, primary: '#0a7f5a' };
  await accounts(everpost.store).change(account, { brand: { ...DEFAULT_BRAND, colors } });
  const fields = { name: 'Tea', double_opt_in: true, company: { name: 'Leaf Ltd', city: 'Lisbon' } };
  list = (await lists(everpost.store).create(account, fields))._id;
});
beforeEach(() => {
  people += 1;
  email = `reader${people}@example.com`;
});
afterAll(() => everpost?.close());

/** A request with times relative to the time-skipping server's present, with its workflow running. */
async function aRequest() {
  const rows = confirmations(everpost.store, await ahead());
  const requested = { email, email_key: email, first_name: '<b>Buy now</b> https://spam.example' };
  const request = {
    account,
    list_id: list,
    requested,
    language: 'en',
    source: 'form',
    ip: null,
    visitor: null,
  } as const;
  const row = await rows.add(request);
  const handle = await everpost.env.client.workflow.start<typeof confirmationWorkflow>('confirmation', {
    workflowId: confirmationWorkflowId(row._id),
    taskQueue: everpost.taskQueue,
    args: [{ account, confirmation: row._id }],
  });
  return { row, handle };
}

async function ahead() {
  const gap = (await everpost.env.currentTimeMs()) - Date.now();
  return { remindAfter: gap + DAY, expireAfter: gap + 7 * DAY, keptFor: DAY };
}

const person = async () => (await subscribers(everpost.store).onEveryList(account, email))[0];
const mails = () =>
  everpost.store.db
    .collection<Message & { _id: string }>('messages')
    .find({ to_key: email })
    .sort({ number: 1 })
    .toArray();
const subjects = async () => (await mails()).map(({ subject }) => subject);

test('a subscriber who does not answer is asked, reminded once a day later, and removed after a week', async () => {
  const { handle } = await aRequest();
  await everpost.env.sleep('23 hours');
  expect((await person())?.status).toBe('pending');
  expect(await subjects()).toEqual(['Please confirm your subscription to Tea']);
  await everpost.env.sleep('5 days');
  expect(await subjects()).toEqual([
    'Please confirm your subscription to Tea',
    'Reminder: please confirm your subscription to Tea',
  ]);
  expect(await handle.result()).toBe('expired');
  expect(await person()).toBeUndefined();
  expect(await subjects()).toHaveLength(2);
});

test('the mail has the sender and the link, and no text from the form', async () => {
  const { row, handle } = await aRequest();
  await everpost.env.sleep('1 hour');
  const [mail] = await mails();
  const content = mail && (await contents(everpost.store).ofMessage(mail));
  expect(content?.html).toMatch(/href="http:\/\/127\.0\.0\.1:3000\/confirm\/[\w-]{36}"/);
  expect(content?.text).toMatch(/\/confirm\/[\w-]{36}/);
  expect(content?.text).toContain('Leaf Ltd\nLisbon');
  // It has the account's design and is no bulk mail: there is no subscription to leave yet.
  expect(content?.html).toMatch(/class="ep-content"[\s\S]*Leaf Ltd<br>\s*Lisbon/);
  expect(content?.html).toContain('#0a7f5a');
  expect(content?.html).not.toMatch(/unsubscribe|\{\{/i);
  expect(`${content?.html}${content?.text}`).not.toMatch(/spam|Buy now/);
  await confirmations(everpost.store).expire(account, row._id);
  await handle.signal(confirmationRowChanged);
  expect(await handle.result()).toBe('expired');
});

test('a subscriber who confirms is neither reminded nor removed, and the workflow ends at once', async () => {
  const { row, handle } = await aRequest();
  await everpost.env.sleep('2 hours');
  const { _id: subscriber } = (await person()) ?? { _id: 0 };
  expect(await confirmations(everpost.store).confirm(row._id, subscriber, null)).toBe('confirmed');
  await handle.signal(confirmationRowChanged);
  expect(await handle.result()).toBe('confirmed');
  const { startTime, closeTime } = await handle.describe();
  expect((closeTime?.getTime() ?? 0) - startTime.getTime()).toBeLessThan(DAY / 2);
  expect(await subjects()).toHaveLength(1);
  expect((await person())?.status).toBe('active');
});

test('a workflow that is started again sends no second mail', async () => {
  const { row, handle } = await aRequest();
  await everpost.env.sleep('1 hour');
  await handle.terminate();
  const again = await everpost.env.client.workflow.start<typeof confirmationWorkflow>('confirmation', {
    workflowId: confirmationWorkflowId(row._id),
    taskQueue: everpost.taskQueue,
    args: [{ account, confirmation: row._id }],
  });
  await everpost.env.sleep('3 days');
  expect(await subjects()).toHaveLength(2);
  expect(await again.result()).toBe('expired');
});
