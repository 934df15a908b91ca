import { describe, expect, test } from 'vitest';
import { sweepInbound } from '../../../activities/inbound/sweep.js';
import { linkTokens } from '../../../mail/tokens/link-tokens.js';
import { returnPaths, unsubscribeAddress } from '../../../mail/tokens/return-path.js';
import { recipients } from '../../../store/campaigns/recipients.js';
import { uncertainRecipients } from '../../../store/campaigns/uncertain-recipients.js';
import { inbound } from '../../../store/inbound/inbound.js';
import type { Message } from '../../../store/messages/row.js';
import { majorityCollection } from '../../../store/mongo/connect.js';
import {
  aSentCampaign,
  eventTypesOf,
  inboundDeps,
  paths,
  readReport,
  suppressedAmong,
} from '../../support/activities/inbound-fixture.js';
import { aReport } from '../../support/mail/reports.js';
import { anException } from '../../support/store/ledger-pages.js';
import { anAcceptedMessage } from '../../support/store/messages.js';
import { ownStore } from '../../support/store/own-store.js';

const store = ownStore({ isNew: true });
const uncertain = (i: number) => anException({ i, kind: 'uncertain', class: 'owner_lost' });
const FORGED = returnPaths([{ kid: 1, key: Buffer.alloc(32, 9), current: true }]);

test.each<[string, string, string[]]>([
  ['postfix-unknown-user', 'bounced', ['recipient.bounced', 'subscriber.bounced']],
  ['exchange-not-found', 'bounced', ['recipient.bounced', 'subscriber.bounced']],
  ['exim-unknown-user', 'bounced', ['recipient.bounced', 'subscriber.bounced']],
  ['ses-bounce', 'bounced', ['recipient.bounced', 'subscriber.bounced']],
  ['yahoo-no-account', 'bounced', ['recipient.bounced', 'subscriber.bounced']],
  ['yahoo-complaint', 'complained', ['recipient.complained', 'subscriber.complained']],
  ['outlook-complaint', 'complained', ['recipient.complained', 'subscriber.complained']],
  ['exim-mailbox-full', 'soft_bounced', ['recipient.bounced']],
  ['gmail-disabled', 'soft_bounced', ['recipient.bounced']],
  ['postfix-expired', 'soft_bounced', ['recipient.bounced']],
  ['postfix-delayed', 'delayed', []],
  ['holiday', 'auto_reply', []],
  ['free-text', 'bounced', ['recipient.bounced', 'subscriber.bounced']],
])('%s finds its recipient among others: %s', async (name, verdict, story) => {
  const sent = await aSentCampaign(store, 3);
  expect(await readReport(store, aReport(name, sent.about(1)))).toBe(verdict);
  expect(await eventTypesOf(store, sent, 1)).toEqual([...story].sort());
  // The event of the campaign names the campaign; a hard bounce or a complaint applies to every list.
  expect(await suppressedAmong(store, sent)).toEqual(story.some((type) => type.startsWith('subscriber')) ? [1] : []);
});

test('a report that arrives twice, or is processed twice, is published once', async () => {
  const sent = await aSentCampaign(store, 1);
  const raw = aReport('postfix-unknown-user', sent.about(0));
  const dies = { ...inbound(store), done: async () => Promise.reject(new Error('the process ends here')) };
  const id = await inbound(store).saveMail(null, raw, []);
  await sweepInbound(inboundDeps(store, { inbound: dies }));
  expect(await inbound(store).find(id)).toMatchObject({ tries: 1, verdict: null });
  await store.db.collection<{ _id: string }>('inbound').updateOne({ _id: id }, { $set: { sweep_at: new Date(0) } });
  expect(await readReport(store, raw)).toBe('bounced');
  expect(await eventTypesOf(store, sent, 0)).toEqual(['recipient.bounced', 'subscriber.bounced']);
  expect(await inbound(store).find(id)).not.toHaveProperty('raw');
});

test('a forged address, a changed mark or an address of another account’s mail has no effect', async () => {
  const sent = await aSentCampaign(store, 2);
  const honest = sent.about(0);
  const returnPath = `${FORGED.forRecipient(sent.campaign._id, sent.readers[0] ?? 0)}@bounce.acme.example`;
  const messageId = honest.messageId.replace(/\.[^.]+@/, '.AAAAAAAAAA@');
  expect(await readReport(store, aReport('postfix-unknown-user', { returnPath, messageId }))).toBe('unknown');
  expect(await readReport(store, aReport('yahoo-complaint', { returnPath, messageId }))).toBe('unknown');
  expect(await readReport(store, aReport('postfix-unknown-user', honest), [], sent.campaign.account + 1)).toBe(
    'unknown',
  );
  expect(await suppressedAmong(store, sent)).toEqual([]);
  expect(await eventTypesOf(store, sent, 0)).toEqual([]);
});

describe('an uncertain outcome', () => {
  const statuses = async (campaign: { _id: number; account: number }) => {
    const { found } = await recipients(store).list({ account: campaign.account, campaign: campaign._id, limit: 10 });
    return found.map(({ status, class: reason }) => `${status} ${reason}`);
  };

  test('of a recipient is settled by a report and published', async () => {
    const sent = await aSentCampaign(store, 4, [uncertain(1), uncertain(2)]);
    await readReport(store, aReport('postfix-unknown-user', sent.about(2)));
    const arrived = aReport('postfix-delayed', sent.about(1)).toString().replace('Action: delayed', 'Action: relayed');
    expect(await readReport(store, Buffer.from(arrived))).toBe('delivered');
    expect(await statuses(sent.campaign)).toEqual([
      'sent null',
      'sent accepted',
      'failed invalid_recipient',
      'sent null',
    ]);
    expect(await eventTypesOf(store, sent, 1)).toEqual(['recipient.sent']);
    expect(await eventTypesOf(store, sent, 2)).toEqual(['recipient.bounced', 'recipient.failed', 'subscriber.bounced']);
  });

  test('of a message is settled too', async () => {
    const row = await anAcceptedMessage(store, { state: 'uncertain', attempt: 1, token: 'owner' });
    const about = {
      returnPath: `${paths.forMessage(row._id)}@bounce.acme.example`,
      messageId: `${row._id}@acme.example`,
      address: row.to.email,
    };
    expect(await readReport(store, aReport('exchange-not-found', about))).toBe('bounced');
    const after = await majorityCollection<Message>(store, 'messages').findOne({ _id: row._id });
    expect(after).toMatchObject({ state: 'failed', attempts: [{ outcome: 'failed', class: 'invalid_recipient' }] });
    const events = await store.db.collection('events').find({ 'data.message': row._id }).toArray();
    expect(events.map(({ type, _id }) => [type, _id])).toEqual([['message.bounced', `message:${row._id}:bounced`]]);
  });
});

test('the position of a recipient is found page by page', async () => {
  const { campaign, readers } = await aSentCampaign(store, 9);
  for (const id of readers) {
    const position = await uncertainRecipients(store).lastPositionOf(campaign, id);
    const page = await uncertainRecipients(store).page(campaign.account, position?.page ?? '');
    expect(page?.ids[position?.i ?? -1]).toBe(id);
  }
  expect(await uncertainRecipients(store).lastPositionOf(campaign, (readers.at(-1) ?? 0) + 1)).toBeUndefined();
});

test('mail to the unsubscribe address unsubscribes; a report to it has no other effect', async () => {
  const sent = await aSentCampaign(store, 2);
  const key = (await inboundDeps(store).linkKeys.ring())[0];
  if (key === undefined) throw new Error('no key');
  const to = (i: number) =>
    `${unsubscribeAddress(linkTokens([key]).forRecipient(sent.campaign._id, sent.readers[i] ?? 0))}@bounce.acme.example`;
  const mail = Buffer.from('From: ada@reader.example\r\nTo: x\r\nSubject: unsubscribe\r\n\r\n');
  expect(await readReport(store, mail, [to(0).toUpperCase()])).toBe('left');
  expect(await eventTypesOf(store, sent, 0)).toEqual(['subscriber.unsubscribed']);
  const nothing = { returnPath: to(1), messageId: 'x@y.example' };
  expect(await readReport(store, aReport('postfix-unknown-user', nothing), [to(1)])).toBe('unknown');
  expect(await suppressedAmong(store, sent)).toEqual([]);
});
