import { type Static, Type } from 'typebox';
import { RECORD_STATES, type RecordCheck } from '../../../domain/sender-domain.js';
import { dkimRecord } from '../../../mail/dkim/keys.js';
import { dkimName } from '../../../mail/dns/checks.js';
import type { DomainKey, SenderDomain } from '../../../store/domains/domains.js';
import { closed, Id, nullable, Timestamp } from '../../schema/fields.js';
import { timestamp, timestampOrNull } from '../../timestamp.js';

export const NewDomain = Type.Object(
  { domain: Type.String({ minLength: 4, maxLength: 253 }) },
  { ...closed, examples: [{ domain: 'acme.example' }] },
);

export const DomainPatch = Type.Object(
  { bounce_domain: nullable(Type.String({ minLength: 4, maxLength: 180 })) },
  { ...closed, examples: [{ bounce_domain: 'bounce.acme.example' }] },
);

/** One record to publish, and the result of its last check. */
const RecordView = Type.Object({
  purpose: Type.Enum(['dkim', 'spf', 'dmarc', 'return_path']),
  type: Type.Enum(['TXT', 'MX']),
  name: Type.String(),
  value: nullable(Type.String()),
  /** The domain is not verified without this record. */
  required: Type.Boolean(),
  /** State of a DKIM key: it signs, waits for its record, or stays published for mail in transit. */
  key: nullable(Type.String({ examples: ['active', 'next', 'retired'] })),
  state: Type.Enum([...RECORD_STATES]),
  found: nullable(Type.String()),
  note: nullable(Type.String()),
});

export const DomainView = Type.Object(
  {
    id: Id,
    domain: Type.String(),
    state: Type.Enum(['pending', 'verified']),
    rotating: Type.Boolean(),
    bounce_domain: nullable(
      Type.String({ description: 'Domain that receives delivery reports; null: the default of the installation.' }),
    ),
    records: Type.Array(RecordView),
    verified_at: nullable(Timestamp),
    checked_at: nullable(Timestamp),
    created_at: Timestamp,
    updated_at: Timestamp,
  },
  {
    examples: [
      {
        id: 1,
        domain: 'acme.example',
        state: 'pending',
        rotating: false,
        bounce_domain: null,
        verified_at: null,
        checked_at: null,
        created_at: '2026-01-12T10:14:23+00:00',
        updated_at: '2026-01-12T10:14:23+00:00',
        records: [
          {
            purpose: 'dkim',
            type: 'TXT',
            name: 'evp-k3j9xq._domainkey.acme.example',
            value: 'v=DKIM1; k=rsa; p=MIIBIjANBgkq…',
            required: true,
            key: 'active',
            state: 'missing',
            found: null,
            note: null,
          },
        ],
      },
    ],
  },
);

type RecordResponse = Static<typeof RecordView>;

/** `spfInclude`: the name that lists the sending servers, if the operator has set it. */
export function domainView(row: SenderDomain, spfInclude: string | undefined): Static<typeof DomainView> {
  return {
    id: row._id,
    domain: row.domain,
    state: row.verified_at === null ? 'pending' : 'verified',
    rotating: row.keys.some(({ use }) => use === 'next'),
    bounce_domain: row.bounce_domain ?? null,
    records: [...row.keys.map((key) => keyRecord(row.domain, key)), ...otherRecords(row, spfInclude)],
    verified_at: timestampOrNull(row.verified_at),
    checked_at: timestampOrNull(row.checked_at),
    created_at: timestamp(row.created_at),
    updated_at: timestamp(row.updated_at),
  };
}

function keyRecord(domain: string, { selector, algorithm, public_key, use, check }: DomainKey): RecordResponse {
  const value = dkimRecord({ algorithm, publicKey: public_key });
  const name = dkimName(selector, domain);
  const required = algorithm === 'rsa-sha256' && use !== 'retired';
  const record = { purpose: 'dkim', type: 'TXT', name, value, required, key: use } as const;
  if (use !== 'retired') return { ...record, ...check, note: check.note ?? KEY_NOTES[algorithm] };
  return { ...record, ...check, note: 'No longer signs; keep it for seven days, for mail in transit.' };
}

const KEY_NOTES = {
  'rsa-sha256': null,
  'ed25519-sha256': 'A second signature that some receivers check; verification does not need it.',
} as const;

const SPF_HINT = 'List the servers that send your mail; at most ten lookups in total.';
const DMARC_HINT = 'Start with p=none and tighten it once reports are clean.';
const BOUNCE_HINT = 'Bounces go to the sender address: a server must accept mail for the domain.';

function otherRecords(
  { domain, spf, dmarc, return_path }: SenderDomain,
  spfInclude: string | undefined,
): RecordResponse[] {
  const about = { required: false, key: null } as const;
  const txt = { ...about, type: 'TXT' } as const;
  const include = spfInclude === undefined ? null : `v=spf1 include:${spfInclude} ~all`;
  const hinted = (check: RecordCheck, hint: string) => ({
    ...check,
    note: check.note ?? (check.state === 'ok' ? null : hint),
  });
  return [
    { ...txt, purpose: 'spf', name: domain, value: include, ...hinted(spf, SPF_HINT) },
    { ...txt, purpose: 'dmarc', name: `_dmarc.${domain}`, value: 'v=DMARC1; p=none', ...hinted(dmarc, DMARC_HINT) },
    { ...about, type: 'MX', purpose: 'return_path', name: domain, value: null, ...hinted(return_path, BOUNCE_HINT) },
  ];
}
