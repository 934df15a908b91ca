import { expect, test } from 'vitest';
import { deliveryActivities } from '../../activities/campaign/delivery.js';
import { sweepInbound } from '../../activities/inbound/sweep.js';
import { type MessageSweepDeps, sweepMessages } from '../../activities/message/sweep.js';
import { recordingHits } from '../../api/public/tracking/recording.js';
import type { Deps } from '../../api/wiring.js';
import { now } from '../../clock.js';
import type { LedgerPage } from '../../domain/campaign/ledger-page.js';
import type { Outcome } from '../../domain/delivery/outcome.js';
import { shrunkTimes } from '../../domain/delivery/protocol.js';
import { publishLateEvidence, settleMessage, settleRecipient } from '../../services/evidence.js';
import { ledger } from '../../store/campaigns/ledger.js';
import { rounds } from '../../store/campaigns/rounds.js';
import { uncertainRecipients } from '../../store/campaigns/uncertain-recipients.js';
import { events } from '../../store/events/events.js';
import { inbound } from '../../store/inbound/inbound.js';
import { messages } from '../../store/messages/messages.js';
import { messageProgress } from '../../store/messages/progress.js';
import { majorityCollection, type Store } from '../../store/mongo/connect.js';
import { stores } from '../../store/stores.js';
import { aSentCampaign, inboundDeps, type SentCampaign } from '../support/activities/inbound-fixture.js';
import { sendingDeps } from '../support/activities/sending-fixture.js';
import { aReport } from '../support/mail/reports.js';
import { dyingStore } from '../support/store/dying-store.js';
import { anException, aPage, insertPages } from '../support/store/ledger-pages.js';
import { anAcceptedMessage } from '../support/store/messages.js';
import { ownStore } from '../support/store/own-store.js';

const store = ownStore();
const isLate = (id: string) => id.endsWith(':late');
const uncertain = anException({ i: 0, kind: 'uncertain', class: 'owner_lost' });

const arrived = { kind: 'sent', class: 'accepted', code: '250', reply: 'ok', at: now() } as const;

async function lateEvents({ campaign }: SentCampaign) {
  const found = await events(store).ofCampaign(campaign.account, campaign._id);
  return found.filter(({ _id }) => isLate(_id)).map(({ _id, type, data }) => [_id, type, data?.['class']]);
}

async function kinds({ campaign }: SentCampaign) {
  const pages = await majorityCollection<LedgerPage>(store, 'ledger').find({ campaign: campaign._id }).toArray();
  return pages.flatMap(({ exceptions }) => exceptions.map(({ kind }) => kind));
}

/** The sweep's part for late evidence. */
const sweep = () => publishLateEvidence({ uncertainRecipients: uncertainRecipients(store), events: events(store) });

test('a click whose process is killed before the event: the sweep appends it', async () => {
  const sent = await aSentCampaign(store, 1, [uncertain]);
  const deps = (over: Store) => stores(over, { secret: 'secret' }) as unknown as Deps;
  const owner = { campaign: sent.campaign._id, subscriber: sent.readers[0] ?? 0 };
  const hit = {
    ...{ account: sent.campaign.account, owner, link: 1, at: now() },
    ...({ what: 'clicked', verdict: { by: 'person', rule: null } } as const),
  };
  await expect(recordingHits(deps(dyingStore(store, isLate)))([hit])).rejects.toThrow('killed');
  expect(await kinds(sent)).toEqual(['sent']);
  await recordingHits(deps(store))([hit]);
  await sweep();
  expect(await lateEvents(sent)).toEqual([[`${sent.campaign._id}:1:0:0:0:late`, 'recipient.sent', 'clicked']]);
});

test('a report whose process is killed before the event: the second try appends it', async () => {
  const sent = await aSentCampaign(store, 1, [uncertain]);
  const report = aReport('postfix-delayed', sent.about(0)).toString().replace('Action: delayed', 'Action: relayed');
  const id = await inbound(store).saveMail(null, Buffer.from(report), []);
  const dying = dyingStore(store, isLate);
  await sweepInbound(inboundDeps(dying));
  expect(await kinds(sent)).toEqual(['sent']);
  await store.db.collection<{ _id: string }>('inbound').updateOne({ _id: id }, { $set: { sweep_at: new Date(0) } });
  await sweepInbound(inboundDeps(store));
  expect(await lateEvents(sent)).toEqual([[`${sent.campaign._id}:1:0:0:0:late`, 'recipient.sent', 'accepted']]);
});

test('a lost owner whose process is killed before the event: the sweep appends it', async () => {
  const sent = await aSentCampaign(store, 1);
  const { account, _id: campaign } = sent.campaign;
  const pages = majorityCollection<LedgerPage>(store, 'ledger');
  await pages.deleteMany({ campaign });
  await insertPages(store, [aPage({ account, campaign, ids: [...sent.readers] })]);
  await majorityCollection(store, 'campaigns').updateOne({ _id: campaign as never }, { $set: { state: 'sending' } });
  const takenOver = async (): Promise<Outcome> => {
    await pages.updateOne({ campaign }, { $set: { seen: new Date(0) } });
    await ledger(store, 60_000).take({ account, campaign, launch: 1, round: 0 }, 'another owner', () => true);
    return { kind: 'accepted', reply: { code: 250, text: 'ok' } };
  };
  const { sendPages } = deliveryActivities(sendingDeps(dyingStore(store, isLate), takenOver));
  const input = { account, campaign, launch: 1, round: 0, downs: 0 };
  await expect(sendPages(input)).rejects.toThrow('killed');
  expect(await kinds(sent)).toEqual(['sent']);
  await sweep();
  expect(await lateEvents(sent)).toEqual([[`${campaign}:1:0:0:0:late`, 'recipient.sent', 'accepted']]);
});

test('a process that is killed after the event: the sweep appends no second one, and nothing is due', async () => {
  const sent = await aSentCampaign(store, 1, [uncertain]);
  const { account } = sent.campaign;
  const position = { page: `${sent.campaign._id}:1:0:0`, i: 0 };
  const real = uncertainRecipients(store);
  const killed = { ...real, confirmPublished: () => Promise.reject(new Error('killed')) };
  const dying = { uncertainRecipients: killed, events: events(store) };
  await expect(settleRecipient(dying, account, position, arrived)).rejects.toThrow('killed');
  await sweep();
  await sweep();
  expect(await lateEvents(sent)).toEqual([[`${position.page}:0:late`, 'recipient.sent', 'accepted']]);
  expect((await real.page(account, position.page))?.exceptions[0]).not.toHaveProperty('unpublished');
});

test('evidence that contradicts what settled a recipient, or comes again, changes nothing', async () => {
  const sent = await aSentCampaign(store, 1, [uncertain]);
  const { account } = sent.campaign;
  const position = { page: `${sent.campaign._id}:1:0:0`, i: 0 };
  const recipients = { uncertainRecipients: uncertainRecipients(store), events: events(store) };
  await settleRecipient(recipients, account, position, arrived);
  await settleRecipient(recipients, account, position, arrived);
  await settleRecipient(recipients, account, position, { ...arrived, kind: 'failed', class: 'refused' });
  expect(await kinds(sent)).toEqual(['sent']);
  expect(await lateEvents(sent)).toEqual([[`${position.page}:0:late`, 'recipient.sent', 'accepted']]);
});

test('an operator’s round takes up what failed before its event was appended: the event is appended all the same', async () => {
  const sent = await aSentCampaign(store, 1, [uncertain]);
  const { account, _id: campaign } = sent.campaign;
  const position = { page: `${campaign}:1:0:0`, i: 0 };
  const failed = { ...arrived, kind: 'failed', class: 'refused' } as const;
  const recipients = { uncertainRecipients: uncertainRecipients(store), events: events(dyingStore(store, isLate)) };
  await expect(settleRecipient(recipients, account, position, failed)).rejects.toThrow('killed');
  await rounds(store).mark({ account, campaign, launch: 1, round: 1 }, ['failed']);
  await settleRecipient(recipients, account, position, arrived);
  expect(await kinds(sent)).toEqual(['failed']);
  expect(await lateEvents(sent)).toEqual([[`${position.page}:0:late`, 'recipient.failed', 'refused']]);
});

test('a message whose process is killed right after late evidence is due for the sweep, which publishes it', async () => {
  const entry = { n: 1, outcome: 'uncertain', class: 'owner_lost', code: null, reply: null, next: null } as const;
  const attempts = [{ ...entry, at: now().toISOString() }];
  const row = await anAcceptedMessage(store, {
    state: 'uncertain',
    attempt: 1,
    token: 'owner',
    sweep_at: null,
    attempts,
  });
  const settled = await settleMessage({ messageProgress: messageProgress(store, 0) }, row, arrived);
  expect(settled).toMatchObject({ state: 'sent', sweep_at: expect.any(Date) });
  expect(await settleMessage({ messageProgress: messageProgress(store, 0) }, row, arrived)).toBeNull();
  const deps = { ...inboundDeps(store), engine: { startMessage: async () => undefined } };
  await sweepMessages({ ...deps, times: shrunkTimes(0.05), messages: messages(store) } as unknown as MessageSweepDeps);
  expect((await messages(store).find(row.account, row._id))?.sweep_at).toBeNull();
  const types = ['message.uncertain', 'message.sent'];
  const published = await events(store).ofMessage(row.account, row._id, types, 10);
  expect(published.map(({ _id, type }) => [_id, type])).toEqual([
    [`message:${row._id}:0`, 'message.uncertain'],
    [`message:${row._id}:1`, 'message.sent'],
  ]);
});
