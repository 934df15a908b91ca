import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createTransport } from 'nodemailer';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type InboundSmtp, LARGEST_REPORT, openInboundSmtp } from '../../../api/inbound-smtp.js';
import { linkTokens } from '../../../mail/tokens/link-tokens.js';
import { type ReturnPaths, returnPaths, unsubscribeAddress } from '../../../mail/tokens/return-path.js';
import { anApi, type TestApi } from '../../support/api/api.js';
import { aCertificate } from '../../support/mail/certificate.js';
import { aReport } from '../../support/mail/reports.js';

const DOMAIN = 'bounce.acme.example';
let api: TestApi;
let intake: InboundSmtp;
let paths: ReturnPaths;

beforeAll(async () => {
  api = await anApi({ BOUNCE_DOMAIN: DOMAIN });
  intake = await openInboundSmtp(api.deps, 0);
  paths = returnPaths(await api.deps.linkKeys.ring());
});
afterAll(async () => {
  await intake?.stop();
  await api?.close();
});
afterEach(async () => {
  await rows().deleteMany({});
});

const rows = () => api.store.db.collection('inbound');
const own = () => `${paths.forRecipient(7, 42)}@${DOMAIN}`;
const report = () => aReport('postfix-unknown-user', { returnPath: own(), messageId: 'x@acme.example' });

/** The reply code for a mail. */
async function codeFor(to: string | string[], raw: Buffer | string = report(), port = intake.port): Promise<number> {
  const client = createTransport({ host: '127.0.0.1', port, ignoreTLS: true });
  try {
    const { response } = await client.sendMail({ envelope: { from: false, to }, raw });
    return Number(response.slice(0, 3));
  } catch (error) {
    return (error as { responseCode?: number }).responseCode ?? 0;
  } finally {
    client.close();
  }
}

describe('by SMTP', () => {
  test('a mail to an address that we generated is stored before the 250', async () => {
    const [local = ''] = own().split('@');
    expect(await codeFor(own().toUpperCase())).toBe(250);
    const [row] = await rows().find().toArray();
    expect(row).toMatchObject({
      account: null,
      kind: 'mail',
      to: [`${local.toUpperCase()}@${DOMAIN}`],
      verdict: null,
      sweep_at: expect.any(Date),
    });
    expect(row?.['raw'].buffer.toString()).toContain('User unknown');
    const leaving = unsubscribeAddress(linkTokens(await api.deps.linkKeys.ring()).forRecipient(7, 42));
    expect(await codeFor(`${leaving}@anything.example`, 'Subject: unsubscribe\r\n\r\n')).toBe(250);
  });

  test('other mail is refused before its body', async () => {
    const forged = returnPaths([{ kid: 1, key: Buffer.alloc(32, 9), current: true }]).forRecipient(7, 42);
    for (const to of [`${forged}@${DOMAIN}`, `news@${DOMAIN}`, 'fbl@elsewhere.example'])
      expect(await codeFor(to)).toBe(550);
    expect(await rows().countDocuments()).toBe(0);
  });

  test('the address of feedback loops accepts reports only', async () => {
    const complaint = aReport('yahoo-complaint', { returnPath: own(), messageId: 'x@acme.example' });
    expect(await codeFor(`fbl@${DOMAIN}`, complaint)).toBe(250);
    expect(await codeFor(`fbl@${DOMAIN}`, 'Subject: buy this\r\n\r\nnow')).toBe(550);
    expect(await rows().countDocuments()).toBe(1);
  });

  test('an oversized mail is refused, a mail that cannot be stored gets a temporary error', async () => {
    expect(await codeFor(own(), Buffer.alloc(LARGEST_REPORT + 1, 'a'))).toBe(552);
    const broken = { ...api.deps.inbound, saveMail: async () => Promise.reject(new Error('the store is down')) };
    const other = await openInboundSmtp({ ...api.deps, inbound: broken }, 0);
    expect(await codeFor(own(), report(), other.port)).toBe(451);
    await other.stop();
    expect(await rows().countDocuments()).toBe(0);
  });
});

/** A report that returns the whole mail. */
function aReportOf(bytes: number): Buffer {
  const original = `${'QUJD'.repeat(19)}\r\n`.repeat(bytes / 78);
  return Buffer.from(
    report()
      .toString()
      .replace(/(Message-ID: <x@acme[\s\S]*?\r\n\r\n)/, `$1${original}`),
  );
}

test('a report with an original of 1.5 MB is taken by SMTP and by HTTP, and its fields are kept', async () => {
  const large = aReportOf(1_500_000);
  expect(large.length).toBeGreaterThan(1_400_000);
  expect(await codeFor(own(), large)).toBe(250);
  const headers = { 'content-type': 'message/rfc822' };
  const answer = await api.call('POST /api/v1/inbound/raw', { payload: large, headers });
  expect(answer.statusCode).toBe(202);
  for (const row of await rows().find().toArray()) {
    const kept = row['raw'].buffer.toString();
    expect(kept.length).toBeLessThan(300_000);
    expect(kept).toContain('Final-Recipient');
    expect(kept).toContain('Message-ID: <x@acme.example>');
  }
  expect(await rows().countDocuments()).toBe(2);
});

test('with a certificate the server offers STARTTLS, without one it does not', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'everpost-tls-'));
  const { pem, privateKey } = aCertificate(DOMAIN);
  const inboundTlsPem = join(folder, 'bounce.pem');
  await writeFile(inboundTlsPem, `${pem}${privateKey.export({ type: 'pkcs8', format: 'pem' })}`);
  const safe = await openInboundSmtp({ ...api.deps, config: { ...api.deps.config, inboundTlsPem } }, 0);
  const over = async (port: number) => {
    const tls = { requireTLS: true, tls: { rejectUnauthorized: false } };
    const client = createTransport({ host: '127.0.0.1', port, ...tls });
    const sent = client.sendMail({ envelope: { from: false, to: own() }, raw: report() });
    return sent.then(({ response }) => response.slice(0, 3)).catch(({ code }: { code: string }) => code);
  };
  expect(await over(safe.port)).toBe('250');
  expect(await over(intake.port)).toBe('ETLS');
  expect(await codeFor(own(), report(), safe.port)).toBe(250);
  await safe.stop();
  await rm(folder, { recursive: true });
});

describe('by HTTP', () => {
  const post = (payload: Buffer | string, type = 'message/rfc822', query = '') =>
    api.call(`POST /api/v1/inbound/raw${query}`, { payload, headers: { 'content-type': type } });

  test('the same mail is stored for the account of the key, once', async () => {
    const answer = await post(report(), 'message/rfc822', `?to=${encodeURIComponent(own())}`);
    expect([answer.statusCode, answer.json()]).toEqual([202, { data: { id: expect.any(String) } }]);
    expect((await post(report(), 'message/rfc822', `?to=${encodeURIComponent(own())}`)).json()).toEqual(answer.json());
    expect(await rows().find().toArray()).toMatchObject([{ account: api.account, to: [own()] }]);
  });

  test('other types, larger mails and unknown fields are refused', async () => {
    expect((await post('{}', 'application/json')).statusCode).toBe(415);
    expect((await post(report(), 'text/plain')).statusCode).toBe(415);
    expect((await post(Buffer.alloc(LARGEST_REPORT + 1, 'a'))).statusCode).toBe(413);
    expect((await post(report(), 'message/rfc822', '?form=x')).statusCode).toBe(422);
    expect(await rows().countDocuments()).toBe(0);
  });
});
