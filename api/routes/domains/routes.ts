import { randomBytes } from 'node:crypto';
import { domainToASCII } from 'node:url';
import { Type } from 'typebox';
import { Failure } from '../../../domain/errors.js';
import { isHostname } from '../../../domain/mail/address.js';
import { latestCheck } from '../../../domain/sender-domain.js';
import { newKeyPair } from '../../../mail/dkim/keys.js';
import { checkDkim, checkDmarc, checkReturnPath, checkSpf, dkimName } from '../../../mail/dns/checks.js';
import { dnsLookup, type Lookup } from '../../../mail/dns/lookup.js';
import type { DnsFindings, DomainKey, NewDomainKey, SenderDomain } from '../../../store/domains/domains.js';
import type { Api } from '../../api.js';
import { accountOf } from '../../hooks/auth.js';
import { demandDone, demandOwned } from '../../hooks/failures.js';
import { originOf } from '../../hooks/idempotency.js';
import { Data, NoContent, refusals } from '../../schema/envelope.js';
import { IdPath } from '../../schema/fields.js';
import type { Deps } from '../../wiring.js';
import { EmptyBody } from '../campaigns/schema.js';
import { DomainPatch, DomainView, domainView, NewDomain } from './schema.js';

const tags = ['Domains'];
const ONE = { 200: Data(DomainView), ...refusals };
const TRIES = 3;

/** Sending domains: their keys, the records to publish, and the state of these records. */
export function domains(app: Api, deps: Deps): void {
  readDomains(app, deps);
  addDomain(app, deps);
  changeDomain(app, deps);
  removeDomain(app, deps);
  verifyDomain(app, deps);
  rotateKeys(app, deps);
}

function readDomains(app: Api, { domains, config }: Deps): void {
  app.get(
    '/domains',
    { schema: { tags, summary: 'List domains', response: { 200: Data(Type.Array(DomainView)), ...refusals } } },
    async (request) => {
      const rows = await domains.ofAccount(accountOf(request));
      return { data: rows.map((row) => domainView(row, config.spfInclude)) };
    },
  );

  app.get(
    '/domains/:id',
    { schema: { tags, summary: 'Retrieve a domain with its records', params: IdPath, response: ONE } },
    async (request) => {
      const row = demandOwned(await domains.find(accountOf(request), request.params.id));
      return { data: domainView(row, config.spfInclude) };
    },
  );
}

function addDomain(app: Api, { domains, config }: Deps): void {
  app.post(
    '/domains',
    {
      schema: {
        tags,
        summary: 'Add a domain and create its keys',
        body: NewDomain,
        response: { 201: Data(DomainView), ...refusals },
      },
    },
    async (request, reply) => {
      const domain = hostname(request.body.domain);
      const row = await domains.create(accountOf(request), domain, await newKeys(), originOf(request));
      if (row === 'exists') throw new Failure('validation_failed', { domain: ['The domain has been added already.'] });
      return reply.code(201).send({ data: domainView(row, config.spfInclude) });
    },
  );
}

function changeDomain(app: Api, { domains, config }: Deps): void {
  app.patch(
    '/domains/:id',
    { schema: { tags, summary: 'Set the bounce domain', params: IdPath, body: DomainPatch, response: ONE } },
    async (request) => {
      const account = accountOf(request);
      const row = demandOwned(await domains.find(account, request.params.id));
      const name = request.body.bounce_domain;
      const bounces = name === null ? null : demandBelow(row.domain, hostname(name, 'bounce_domain'));
      return {
        data: domainView(demandOwned(await domains.changeBounceDomain(account, row._id, bounces)), config.spfInclude),
      };
    },
  );
}

/** DMARC aligns only return paths at or below the sender's domain; any other domain belongs to a third party. */
function demandBelow(domain: string, bounces: string): string {
  if (bounces === domain || bounces.endsWith(`.${domain}`)) return bounces;
  throw new Failure('validation_failed', {
    bounce_domain: [`The bounce_domain must be ${domain} or end in .${domain}.`],
  });
}

function removeDomain(app: Api, { domains }: Deps): void {
  app.delete(
    '/domains/:id',
    { schema: { tags, summary: 'Remove a domain', params: IdPath, response: { 204: NoContent, ...refusals } } },
    async (request, reply) => {
      demandDone(await domains.remove(accountOf(request), request.params.id));
      return reply.code(204).send(null);
    },
  );
}

function verifyDomain(app: Api, deps: Deps): void {
  const { dnsServers: servers, spfInclude } = deps.config;
  const lookup = dnsLookup({ servers });
  app.post(
    '/domains/:id/verify',
    { schema: { tags, summary: 'Check the records in the DNS', params: IdPath, body: EmptyBody, response: ONE } },
    async (request) => {
      const after = await updateDomain(deps, accountOf(request), request.params.id, async (row) =>
        deps.domains.recordFindings(row, await checkDomain(lookup, row, spfInclude)),
      );
      return { data: domainView(after, spfInclude) };
    },
  );
}

function rotateKeys(app: Api, deps: Deps): void {
  app.post(
    '/domains/:id/rotate',
    { schema: { tags, summary: 'Rotate the DKIM keys', params: IdPath, body: EmptyBody, response: ONE } },
    async (request) => {
      const account = accountOf(request);
      demandOwned(await deps.domains.find(account, request.params.id));
      const keys = await newKeys();
      const after = await updateDomain(deps, account, request.params.id, (row) => deps.domains.rotate(row, keys));
      return { data: domainView(after, deps.config.spfInclude) };
    },
  );
}

/** Reads and writes; reads again after a concurrent write. */
async function updateDomain(
  { domains }: Deps,
  account: number,
  id: number,
  write: (row: SenderDomain) => Promise<SenderDomain | null | 'claimed_elsewhere'>,
): Promise<SenderDomain> {
  for (let tries = 0; tries < TRIES; tries += 1) {
    const after = await write(demandOwned(await domains.find(account, id)));
    if (after === 'claimed_elsewhere') throw new Failure('domain_taken');
    if (after !== null) return after;
  }
  throw new Failure('busy', undefined, 'The domain is being changed by other requests; try again.');
}

function hostname(text: string, field: 'domain' | 'bounce_domain' = 'domain'): string {
  const domain = domainToASCII(text.trim().replace(/\.$/, '')).toLowerCase();
  if (isHostname(domain)) return domain;
  throw new Failure('validation_failed', { [field]: [`The ${field} must be a host name such as acme.example.`] });
}

/** Random selectors: two installations, or two accounts, never choose the same name in one zone. */
async function newKeys(): Promise<NewDomainKey[]> {
  const selector = `evp-${randomBytes(4).toString('hex')}`;
  const [rsa, ed25519] = await Promise.all([newKeyPair('rsa-sha256'), newKeyPair('ed25519-sha256')]);
  return [
    { ...rsa, selector },
    { ...ed25519, selector: `${selector}-ed` },
  ];
}

/** Checks every record of a domain; without an answer from its name servers the last result stays. */
async function checkDomain(lookup: Lookup, row: SenderDomain, spfInclude: string | undefined): Promise<DnsFindings> {
  const { domain } = row;
  const [keys, spf, dmarc, returnPath] = await Promise.all([
    Promise.all(row.keys.map((key) => checkKey(lookup, domain, key))),
    checkSpf(lookup, domain, spfInclude),
    checkDmarc(lookup, domain),
    checkReturnPath(lookup, domain),
  ]);
  return {
    keys,
    spf: latestCheck(row.spf, spf),
    dmarc: latestCheck(row.dmarc, dmarc),
    return_path: latestCheck(row.return_path, returnPath),
  };
}

/** Retired keys are not checked. */
async function checkKey(lookup: Lookup, domain: string, key: DomainKey): Promise<DomainKey> {
  if (key.use === 'retired') return key;
  return { ...key, check: latestCheck(key.check, await checkDkim(lookup, dkimName(key.selector, domain), key)) };
}
