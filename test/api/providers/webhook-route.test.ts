import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { sweepInbound } from '../../../activities/inbound/sweep.js';
import { now } from '../../../clock.js';
import type { ProviderName } from '../../../domain/provider/settings.js';
import type { WebRequest, WebResponse } from '../../../web/client.js';
import {
  aSentCampaign,
  eventTypesOf,
  inboundDeps,
  type SentCampaign,
  suppressedAmong,
} from '../../support/activities/inbound-fixture.js';
import { anApi, type TestApi } from '../../support/api/api.js';
import { aCertificate } from '../../support/mail/certificate.js';
import {
  aDocument,
  byMailgun,
  byPostmark,
  bySendgrid,
  bySns,
  CERTIFICATE_URL,
  MAILGUN_KEY,
  SENDGRID_KEY,
  type Signed,
  SNS,
  TOPIC,
} from '../../support/mail/provider-documents.js';

const HOUR = 3_600_000;
const SETTINGS: Readonly<Record<ProviderName, Record<string, string>>> = {
  ses: { topic_arn: TOPIC },
  sendgrid: { public_key: SENDGRID_KEY },
  mailgun: { signing_key: MAILGUN_KEY },
  postmark: { username: 'hook', password: 'opensesame' },
};
const LOGIN = 'hook:opensesame';

let api: TestApi;
/** The outgoing requests; SNS itself is not available to tests. */
const asked: string[] = [];
const web = {
  send: async ({ url }: WebRequest): Promise<WebResponse> => {
    asked.push(url);
    const headers = { etag: null, modified: null, location: null, contentType: null, contentEncoding: null };
    return { kind: 'answered', status: 200, body: Buffer.from(SNS.pem), whole: true, headers, retryAfter: null, ms: 1 };
  },
};
const urls = {} as Record<ProviderName, string>;

beforeAll(async () => {
  api = await anApi({}, { web });
  for (const [name, payload] of Object.entries(SETTINGS)) {
    const answer = await api.call(`PUT /api/v1/providers/${name}`, { payload });
    urls[name as ProviderName] = new URL(answer.json().data.url).pathname;
  }
});
afterAll(() => api?.close());

const rows = () => api.store.db.collection<{ verdict: string | null }>('inbound');
const post = (name: ProviderName, { payload, headers }: Signed) =>
  api.call(`POST ${urls[name]}`, { payload, headers, key: null });
const swept = () => sweepInbound(inboundDeps(api.store, { web }));

let sent: SentCampaign;
const about = (i = 0) => ({ ...sent.about(i), email: sent.emailKey(i) });
beforeEach(async () => {
  await rows().deleteMany({});
  sent = await aSentCampaign(api.store, 2);
});

const SIGNED: Readonly<Record<ProviderName, (text: string) => Signed>> = {
  ses: (text) => bySns(text),
  sendgrid: (text) => bySendgrid(text),
  mailgun: (text) => byMailgun(text),
  postmark: (text) => byPostmark(text, LOGIN),
};
const BOUNCED = ['recipient.bounced', 'subscriber.bounced'];
const COMPLAINED = ['recipient.complained', 'subscriber.complained'];

test.each<[ProviderName, string, string[]]>([
  ['ses', 'ses-bounce', BOUNCED],
  ['ses', 'ses-complaint', COMPLAINED],
  ['ses', 'ses-mailbox-full', ['recipient.bounced']],
  ['sendgrid', 'sendgrid-bounce', BOUNCED],
  ['sendgrid', 'sendgrid-complaint', COMPLAINED],
  ['sendgrid', 'sendgrid-blocked', ['recipient.bounced']],
  ['mailgun', 'mailgun-bounce', BOUNCED],
  ['mailgun', 'mailgun-complaint', COMPLAINED],
  ['mailgun', 'mailgun-suppressed', BOUNCED],
  ['postmark', 'postmark-bounce', BOUNCED],
  ['postmark', 'postmark-complaint', COMPLAINED],
])(
  '%s: the document %s, posted twice, is stored before the response and has one outcome: %j',
  async (name, file, story) => {
    const signed = SIGNED[name](aDocument(file, about()));
    expect((await post(name, signed)).json()).toEqual({ data: { kept: 1 } });
    expect(await rows().countDocuments({ account: api.account, verdict: null })).toBe(1);
    expect((await post(name, signed)).statusCode).toBe(200);
    await swept();
    expect(await rows().countDocuments()).toBe(1);
    expect(await eventTypesOf(api.store, sent, 0)).toEqual(story);
    expect(await suppressedAmong(api.store, sent)).toEqual(story.length === 2 ? [0] : []);
    expect(await rows().findOne()).not.toHaveProperty('report');
  },
);

test('a report without our marks applies to the address, in the account of the webhook only', async () => {
  const nowhere = { returnPath: 'news@acme.example', messageId: 'x@elsewhere.example', email: sent.emailKey(1) };
  await post('postmark', byPostmark(aDocument('postmark-bounce', nowhere), LOGIN));
  await swept();
  expect(await suppressedAmong(api.store, sent)).toEqual([1]);
});

describe('forged reports are refused', () => {
  const ses = () => aDocument('ses-bounce', about());
  const sendgrid = () => aDocument('sendgrid-bounce', about());
  const mailgun = () => aDocument('mailgun-bounce', about());
  const changed = ({ payload, headers }: Signed): Signed => {
    return { headers, payload: payload.replaceAll(sent.emailKey(0), sent.emailKey(1)) };
  };
  const early = new Date(now().getTime() - 15 * 24 * HOUR);
  test.each<[string, ProviderName, () => Signed, number]>([
    ['another key', 'ses', () => bySns(ses(), {}, aCertificate('sns.amazonaws.com')), 403],
    ['a changed document', 'ses', () => changed(bySns(ses())), 403],
    ['another topic', 'ses', () => bySns(ses(), { TopicArn: `${TOPIC}-of-mallory` }), 403],
    [
      'a certificate from another host',
      'ses',
      () => bySns(ses(), { SigningCertURL: 'https://evil.example/c.pem' }),
      403,
    ],
    ['too old', 'ses', () => bySns(ses(), { Timestamp: early.toISOString() }), 403],
    ['another version', 'ses', () => bySns(ses(), { SignatureVersion: '3' }), 403],
    ['a changed document', 'sendgrid', () => changed(bySendgrid(sendgrid())), 403],
    ['no signature', 'sendgrid', () => ({ payload: sendgrid(), headers: { 'content-type': 'application/json' } }), 403],
    ['too old', 'sendgrid', () => bySendgrid(sendgrid(), early), 403],
    ['another key', 'mailgun', () => byMailgun(mailgun(), { key: 'another' }), 403],
    ['too old', 'mailgun', () => byMailgun(mailgun(), { at: new Date(now().getTime() - 13 * HOUR) }), 403],
    ['from the future', 'mailgun', () => byMailgun(mailgun(), { at: new Date(now().getTime() + HOUR) }), 403],
    ['another password', 'postmark', () => byPostmark(aDocument('postmark-bounce', about()), 'hook:guess'), 401],
    ['no password', 'postmark', () => byPostmark(aDocument('postmark-bounce', about())), 401],
  ])('%s: %s', async (_, name, signed, status) => {
    asked.length = 0;
    expect((await post(name, signed())).statusCode).toBe(status);
    expect(await rows().countDocuments()).toBe(0);
    expect(asked.filter((url) => url !== CERTIFICATE_URL)).toEqual([]);
  });

  test('a URL with another secret is 404', async () => {
    const url = urls.postmark.replace(/.$/, (last) => (last === 'A' ? 'B' : 'A'));
    const { payload, headers } = byPostmark(aDocument('postmark-bounce', about()), LOGIN);
    expect((await api.call(`POST ${url}`, { payload, headers, key: null })).statusCode).toBe(404);
    expect((await api.call(`POST ${urls.ses.replace('ses', 'postmark')}`, { payload, headers })).statusCode).toBe(404);
    expect(await rows().countDocuments()).toBe(0);
  });

  test('Mailgun’s signature does not cover the body: its token counts for the event it came with', async () => {
    const caught = { token: 'captured', at: now() };
    expect((await post('mailgun', byMailgun(mailgun(), caught))).statusCode).toBe(200);
    const other = mailgun().replace('G9Bn5sl1TC6nu79C8C0bwg', 'made-up');
    expect((await post('mailgun', byMailgun(other, caught))).statusCode).toBe(403);
    expect(await rows().countDocuments()).toBe(1);
  });
});

test('SNS: both signature versions are accepted; the worker confirms a subscription, only at SNS', async () => {
  const confirm = (over: Record<string, unknown> = {}) => {
    const SubscribeURL = 'https://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription&Token=abc';
    return bySns('You have chosen to subscribe', {
      Type: 'SubscriptionConfirmation',
      Token: 'abc',
      SubscribeURL,
      ...over,
    });
  };
  expect((await post('ses', confirm({ SignatureVersion: '1' }))).statusCode).toBe(200);
  for (const SubscribeURL of [
    'https://sns.evil.example/',
    'https://sns.us-east-1.amazonaws.com/',
    'http://10.0.0.1/',
  ]) {
    expect((await post('ses', confirm({ SubscribeURL }))).statusCode).toBe(403);
  }
  asked.length = 0;
  await swept();
  expect(asked).toEqual(['https://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription&Token=abc']);
  expect(await rows().find().toArray()).toMatchObject([{ verdict: 'subscribed' }]);
});

test('a signed document without reports of ours is accepted, an invalid document is refused', async () => {
  expect(
    (await post('ses', bySns('Successfully validated SNS topic for Amazon SES event publishing.'))).json(),
  ).toEqual({
    data: { kept: 0 },
  });
  expect((await post('sendgrid', bySendgrid('{"a":1}'))).statusCode).toBe(422);
  expect((await post('postmark', byPostmark('[', LOGIN))).statusCode).toBe(422);
  expect(await rows().countDocuments()).toBe(0);
});
