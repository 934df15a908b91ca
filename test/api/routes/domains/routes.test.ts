import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { testedSigner } from '../../../../mail/dkim/keys.js';
import { anApi, aStranger, type TestApi } from '../../../support/api/api.js';
import { aMail } from '../../../support/mail/letters.js';
import { signedBytes, verdicts } from '../../../support/mail/signing.js';
import { type DnsServer, dnsServer } from '../../../support/scripted/dns-server.js';

interface Shown {
  readonly id: number;
  readonly domain: string;
  readonly state: string;
  readonly rotating: boolean;
  readonly records: readonly Record<'purpose' | 'name' | 'value' | 'key' | 'state' | 'note' | 'found', string>[];
}

let dns: DnsServer;
let api: TestApi;
beforeAll(async () => {
  dns = await dnsServer();
  api = await anApi({ DNS_SERVERS: dns.address, SPF_INCLUDE: 'spf.relay.test' });
});
afterAll(async () => {
  await api.close();
  await dns.close();
});
beforeEach(() => {
  dns.zone.clear();
  dns.fail(false);
});

let count = 0;
async function aDomain(key?: string): Promise<Shown> {
  count += 1;
  return added(`shop${count}.example`, key);
}

async function added(domain: string, key?: string): Promise<Shown> {
  const answer = await api.call('POST /api/v1/domains', { payload: { domain }, ...(key !== undefined && { key }) });
  expect(answer.statusCode).toBe(201);
  return answer.json().data;
}

async function after(action: 'verify' | 'rotate', { id }: Shown, key?: string): Promise<Shown> {
  const answer = await api.call(`POST /api/v1/domains/${id}/${action}`, { ...(key !== undefined && { key }) });
  expect(answer.json()).toMatchObject({ data: { id } });
  return answer.json().data;
}

function publish({ records }: Shown, uses: readonly string[] = ['active', 'next']): void {
  for (const { purpose, name, value, key } of records) {
    if (purpose === 'dkim' && uses.includes(key)) dns.zone.set(name, { TXT: [value] });
  }
}

const states = ({ records }: Shown) => records.map(({ purpose, key, state }) => [purpose, key, state].join(' '));

test('a domain is verified once its keys are published, and its mail then passes', async () => {
  const domain = await aDomain();
  expect(domain.state).toBe('pending');
  publish(domain);
  dns.zone.set(domain.domain, { TXT: ['other', 'v=spf1 include:spf.relay.test ~all'], MX: [[10, 'mx.shop.example']] });
  dns.zone.set('spf.relay.test', { TXT: ['v=spf1 ip4:192.0.2.1 -all'] });
  dns.zone.set(`_dmarc.${domain.domain}`, { TXT: ['v=DMARC1; p=none; rua=mailto:d@shop.example'] });
  expect(await api.deps.domains.verifiedFor(api.account, domain.domain)).toBe(false);
  const verified = await after('verify', domain);
  expect(verified.state).toBe('verified');
  expect(states(verified)).toEqual(['dkim active ok', 'dkim active ok', 'spf  ok', 'dmarc  ok', 'return_path  ok']);
  expect(await api.deps.domains.verifiedFor(api.account, domain.domain)).toBe(true);

  const keys = await api.deps.domains.signersFor(api.account, domain.domain);
  const signers = (await Promise.all(keys.map(testedSigner))).flatMap((signer) => ('kind' in signer ? [] : [signer]));
  const records = new Map(verified.records.map(({ name, value }) => [name, value]));
  const mail = await signedBytes(aMail(), { signers, keys, records });
  expect(await verdicts(mail, records)).toEqual(['rsa-sha256 pass', 'ed25519-sha256 pass']);
});

test('private keys are sealed in the store and in no response', async () => {
  const domain = await aDomain();
  const [row] = await api.store.db
    .collection('domains')
    .find({ _id: domain.id as never })
    .toArray();
  const [key] = await api.deps.domains.signersFor(api.account, domain.domain);
  const answers = JSON.stringify([domain, (await api.call('GET /api/v1/domains')).json()]);
  const secret = key?.privateKey.subarray(40, 90) ?? Buffer.alloc(0);
  for (const where of [JSON.stringify(row), answers]) {
    expect(where).not.toContain(secret.toString('base64').slice(4, 40));
    expect(where).not.toContain(secret.toString('base64url').slice(4, 40));
  }
  expect(answers).not.toContain('sealed');
});

test('each record has a note on its error', async () => {
  const domain = await aDomain();
  const [rsa, ed25519] = domain.records;
  dns.zone.set(rsa?.name ?? '', { TXT: [`${rsa?.value.slice(0, -8)}AAAA`] });
  dns.zone.set(ed25519?.name ?? '', { TXT: ['v=DKIM1; k=ed25519; p='] });
  dns.zone.set(domain.domain, { TXT: ['v=spf1 -all', 'v=spf1 mx -all'], MX: [[0, '']] });
  dns.zone.set(`_dmarc.${domain.domain}`, { TXT: ['v=DMARC1; p=nothing'] });
  const checked = await after('verify', domain);
  expect(checked.state).toBe('pending');
  expect(checked.records.map(({ state, note }) => [state, note])).toEqual([
    ['wrong', 'The p= is another key.'],
    ['wrong', 'The key is revoked: p= is empty.'],
    ['wrong', `${domain.domain} has more than one SPF record; leave one.`],
    ['wrong', 'The p= must be none, quarantine or reject.'],
    ['wrong', 'The domain says that it takes no mail, not even bounces.'],
  ]);
  expect((await api.deps.domains.signersFor(api.account, domain.domain))[0]?.mismatched).toBe(true);
});

test('the RSA record alone verifies; unpublished keys do not sign', async () => {
  const domain = await aDomain();
  expect(await api.deps.domains.signersFor(api.account, domain.domain)).toHaveLength(2);
  const [rsa] = domain.records;
  dns.zone.set(rsa?.name ?? '', { TXT: [rsa?.value ?? ''] });
  expect((await after('verify', domain)).state).toBe('verified');
  const signers = await api.deps.domains.signersFor(api.account, domain.domain);
  expect(signers.map(({ algorithm }) => algorithm)).toEqual(['rsa-sha256']);
});

test('without an answer from its name servers a domain keeps its state', async () => {
  const domain = await aDomain();
  publish(domain);
  await after('verify', domain);
  dns.fail(true);
  const checked = await after('verify', domain);
  expect(checked.state).toBe('verified');
  expect(checked.records[0]?.note).toBe('The name servers did not answer (ESERVFAIL).');
  dns.fail(false);
  dns.zone.clear();
  expect((await after('verify', domain)).state).toBe('pending');
});

test('old keys sign until the new records are published', async () => {
  const domain = await aDomain();
  publish(domain);
  await after('verify', domain);
  const selectors = async () =>
    (await api.deps.domains.signersFor(api.account, domain.domain)).map(({ selector }) => selector);
  const before = await selectors();
  const rotating = await after('rotate', domain);
  expect(rotating).toMatchObject({ rotating: true, state: 'verified' });
  expect(await selectors()).toEqual(before);
  expect(states(await after('verify', domain)).slice(2, 4)).toEqual(['dkim next missing', 'dkim next missing']);
  expect(await selectors()).toEqual(before);

  publish(rotating, ['next']);
  const rotated = await after('verify', domain);
  expect(rotated).toMatchObject({ rotating: false, state: 'verified' });
  expect(states(rotated).slice(0, 4)).toEqual([
    'dkim active ok',
    'dkim active ok',
    'dkim retired ok',
    'dkim retired ok',
  ]);
  const names = rotating.records.filter(({ key }) => key === 'next').map(({ name }) => name.split('.')[0]);
  expect(await selectors()).toEqual(names);
});

test('unpublished keys are replaced at once', async () => {
  const domain = await aDomain();
  const rotated = await after('rotate', domain);
  expect(rotated.records.filter(({ purpose }) => purpose === 'dkim')).toHaveLength(2);
  expect(rotated.records[0]?.name).not.toBe(domain.records[0]?.name);
});

test('only one account can have a domain verified, until it removes the domain', async () => {
  const stranger = await aStranger(api);
  const mine = await aDomain();
  const theirs = await added(mine.domain, stranger.key);
  publish(mine);
  publish(theirs);
  await after('verify', mine);
  const taken = await api.call(`POST /api/v1/domains/${theirs.id}/verify`, { key: stranger.key });
  expect([taken.statusCode, taken.json().error.code]).toEqual([409, 'domain_taken']);
  expect(await api.deps.domains.verifiedFor(stranger.account, mine.domain)).toBe(false);
  expect((await api.call(`DELETE /api/v1/domains/${mine.id}`)).statusCode).toBe(204);
  expect((await after('verify', theirs, stranger.key)).state).toBe('verified');
});

test('a domain can be added once, and is stored as an A-label in lower case', async () => {
  const domain = await added(' Bücher.Example. ');
  expect(domain.domain).toBe('xn--bcher-kva.example');
  const again = await api.call('POST /api/v1/domains', { payload: { domain: 'XN--bcher-KVA.example' } });
  expect([again.statusCode, Object.keys(again.json().error.errors)]).toEqual([422, ['domain']]);
  for (const nonsense of ['local', '127.0.0.1', 'a b.example', 'x_y.example', '@shop.example']) {
    expect((await api.call('POST /api/v1/domains', { payload: { domain: nonsense } })).statusCode).toBe(422);
  }
});

test('the bounce domain must be at or below the domain', async () => {
  const { id, domain } = await aDomain();
  const patch = (bounce_domain: string | null) =>
    api.call(`PATCH /api/v1/domains/${id}`, { payload: { bounce_domain } });
  expect((await patch(`Bounce.${domain}`)).json().data).toMatchObject({ bounce_domain: `bounce.${domain}` });
  expect(await api.deps.domains.bounceDomainOf(api.account, domain)).toBe(`bounce.${domain}`);
  for (const foreign of ['bounce.other.example', `x${domain}`, 'not a name']) {
    const answer = await patch(foreign);
    expect([answer.statusCode, Object.keys(answer.json().error.errors)]).toEqual([422, ['bounce_domain']]);
  }
  expect((await patch(null)).json().data).toMatchObject({ bounce_domain: null });
});
