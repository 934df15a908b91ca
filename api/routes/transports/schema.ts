import { type Static, Type } from 'typebox';
import { TRANSPORT_PURPOSES } from '../../../domain/transport.js';
import type { ProbeResult } from '../../../mail/smtp/probe.js';
import type { NewTransport as Fresh, StoredTransport } from '../../../store/transports/transports.js';
import { closed, Id, Line, nullable, PerSecond, Timestamp } from '../../schema/fields.js';
import { timestamp } from '../../timestamp.js';

const settings = {
  rate_per_second: Type.Optional(PerSecond),
  connections: Type.Optional(Type.Integer({ minimum: 1, maximum: 256, description: 'Sockets of one worker process.' })),
  priority: Type.Optional(Type.Integer({ minimum: 0, maximum: 1_000, description: 'The lowest is tried first.' })),
  enabled: Type.Optional(Type.Boolean()),
  purpose: Type.Optional(Type.Enum(TRANSPORT_PURPOSES)),
};

const Url = Type.String({
  maxLength: 2_000,
  pattern: '^[\\u0021-\\u007e]*$',
  description: 'smtp:// or smtps:// with user and password; responses show *** in place of the password.',
});

const EXAMPLE = {
  name: 'Relay',
  url: 'smtps://user:password@relay.example.org',
  rate_per_second: 200,
  connections: 8,
  priority: 10,
  purpose: 'bulk',
};

export const NewTransport = Type.Object(
  { name: Line(100, 1), url: Url, ...settings },
  { ...closed, examples: [EXAMPLE] },
);

export const TransportPatch = Type.Object(
  { name: Type.Optional(Line(100, 1)), url: Type.Optional(Url), ...settings },
  { ...closed, examples: [{ rate_per_second: 50 }] },
);

export const TransportView = Type.Object(
  {
    id: Id,
    name: Type.String(),
    url: Type.String(),
    rate_per_second: nullable(Type.Integer()),
    connections: Type.Integer(),
    priority: Type.Integer(),
    enabled: Type.Boolean(),
    purpose: Type.Enum(TRANSPORT_PURPOSES),
    trouble: nullable(
      Type.Object({ at: Timestamp, says: Type.String() }, { description: 'The last connection error; null: none.' }),
    ),
    created_at: Timestamp,
    updated_at: Timestamp,
  },
  { examples: [{ id: 1, ...EXAMPLE, url: 'smtps://user:***@relay.example.org', enabled: true, trouble: null }] },
);

export const TransportTestResult = Type.Object(
  {
    ok: Type.Boolean(),
    stage: Type.Enum(['ready', 'connect', 'tls', 'auth'] satisfies ProbeResult['stage'][]),
    tls: nullable(Type.String()),
    cipher: nullable(Type.String()),
    authenticated: Type.Boolean(),
    says: Type.String(),
    milliseconds: Type.Integer(),
  },
  {
    description: 'The result of the connection; no mail is sent.',
    examples: [
      {
        ok: true,
        stage: 'ready',
        tls: 'TLSv1.3',
        cipher: 'TLS_AES_256_GCM_SHA384',
        authenticated: true,
        says: '235 2.7.0 accepted',
        milliseconds: 84,
      },
    ],
  },
);

const DEFAULTS: Omit<Fresh, 'name' | 'url'> = {
  rate_per_second: null,
  connections: 8,
  priority: 100,
  enabled: true,
  purpose: 'all',
};

export function newTransport(body: Static<typeof NewTransport>): Fresh {
  return { ...DEFAULTS, ...body };
}

export function transportView(row: StoredTransport): Static<typeof TransportView> {
  const { _id: id, name, shown: url, rate_per_second, connections, priority, enabled, purpose } = row;
  const trouble = row.trouble && { at: timestamp(row.trouble.at), says: row.trouble.says };
  const at = { created_at: timestamp(row.created_at), updated_at: timestamp(row.updated_at) };
  return { id, name, url, rate_per_second, connections, priority, enabled, purpose, trouble, ...at };
}
