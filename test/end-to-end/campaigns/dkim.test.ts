import { afterAll, beforeAll, expect, test } from 'vitest';
import { dkimRecord, newKeyPair } from '../../../mail/dkim/keys.js';
import { dkimName } from '../../../mail/dns/checks.js';
import { domains, type NewDomainKey } from '../../../store/domains/domains.js';
import { events } from '../../../store/events/events.js';
import { SECRET } from '../../support/end-to-end/plan.js';
import { aTestCluster, type TestCluster } from '../../support/end-to-end/test-cluster.js';
import { signedNames, verdicts } from '../../support/mail/signing.js';

let cluster: TestCluster;
beforeAll(async () => {
  cluster = await aTestCluster({ script: { keepRaw: true } });
  await cluster.worker();
});
afterAll(() => cluster?.close());

const ALGORITHMS = ['rsa-sha256', 'ed25519-sha256'] as const;
const HTML = '<p>Dear {{ first_name }},  </p>\n\n.\n{{ email }}  \n\n\n';

async function someKeys(): Promise<NewDomainKey[]> {
  const pairs = await Promise.all(ALGORITHMS.map((algorithm) => newKeyPair(algorithm)));
  return pairs.map((pair) => ({ ...pair, selector: `s-${pair.algorithm}` }));
}

const from = (domain: string) => ({ from: { name: 'News', email: `news@${domain}` } });

test('every mail of a campaign is signed with both keys of its sender’s domain, unsubscribing included', async () => {
  const keys = await someKeys();
  const campaign = await cluster.draft(30, { html: HTML, ...from('signed.example') });
  await domains(cluster.store, SECRET).create(campaign.account, 'signed.example', keys);
  await cluster.begin(campaign);
  await cluster.untilState(campaign, 'sent');
  const records = new Map(keys.map((key) => [dkimName(key.selector, 'signed.example'), dkimRecord(key)]));
  const mails = cluster.receiver.accepted.filter((mail) => mail.from === 'news@signed.example');
  expect(mails).toHaveLength(30);
  for (const { raw = Buffer.alloc(0) } of mails) {
    expect(await verdicts(raw, records)).toEqual(['rsa-sha256 pass', 'ed25519-sha256 pass']);
    for (const field of ['List-Unsubscribe', 'List-Unsubscribe-Post']) {
      expect(raw.toString('latin1').match(new RegExp(`^${field}:`, 'gm'))).toHaveLength(1);
      for (const names of signedNames(raw)) expect(names).toContain(field.toLowerCase());
    }
  }
});

test.each<[string, (keys: NewDomainKey[]) => Promise<NewDomainKey[]>]>([
  ['garbage', async (keys) => keys.map((key) => ({ ...key, privateKey: Buffer.from('garbage') }))],
  ['empty', async (keys) => keys.map((key) => ({ ...key, privateKey: Buffer.alloc(0) }))],
  ['of the other type', async ([rsa, ed]) => (rsa && ed ? [{ ...rsa, privateKey: ed.privateKey }] : [])],
  [
    'not the published one',
    async ([rsa]) => (rsa ? [{ ...rsa, privateKey: (await newKeyPair(rsa.algorithm)).privateKey }] : []),
  ],
])('a key that is %s pauses the campaign with its reason; no mail is sent unsigned', async (kind, spoil) => {
  const domain = `${kind.replaceAll(' ', '-')}.example`;
  const campaign = await cluster.draft(3, from(domain));
  await domains(cluster.store, SECRET).create(campaign.account, domain, await spoil(await someKeys()));
  await cluster.begin(campaign);
  await cluster.untilState(campaign, 'paused');
  expect(await cluster.row(campaign)).toMatchObject({ reason: 'bad_signing_key' });
  expect(cluster.receiver.accepted.filter((mail) => mail.from.endsWith(domain))).toEqual([]);
  // The event is written after the row.
  await cluster.untilTrue(async () => {
    const published = await events(cluster.store).ofCampaign(campaign.account, campaign._id);
    return published.some(({ type }) => type === 'campaign.paused');
  });
});
