import { type Static, Type } from 'typebox';
import { now } from '../../../clock.js';
import {
  combinedHealth,
  type KnownHealth,
  liveReports,
  shownTry,
  TRANSPORT_PHASES,
  TRANSPORT_STATES,
} from '../../../domain/delivery/transport-health.js';
import { TRANSPORT_PURPOSES, TRANSPORT_USES } from '../../../domain/transport.js';
import { UNREACHED } from '../../../mail/smtp/handshake.js';
import type { ProbeResult } from '../../../mail/smtp/probe.js';
import type { NewTransport as Fresh, StoredTransport } from '../../../store/transports/transports.js';
import { closed, Id, Line, nullable, PerSecond, Timestamp } from '../../schema/fields.js';
import { timestamp, timestampOrNull } from '../../timestamp.js';

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

export const transportHealthFields = {
  state: Type.Enum(TRANSPORT_STATES, {
    description:
      'How the running workers find the transport; up where one of them does. rate_limited: the server refuses mail because of its rate, its quota or its storage. unknown: no running worker has used it yet.',
  }),
  since: nullable({
    ...Timestamp,
    description:
      'Of a trouble: since the first of the processes that are in it, or the last mail that was accepted in between.',
  }),
  last_error: nullable(
    Type.Object(
      {
        at: Timestamp,
        reply: Type.String({ description: 'Of the server or the connection, without addresses.' }),
        phase: Type.Enum(TRANSPORT_PHASES, { description: 'mail: from MAIL to the reply for the mail.' }),
      },
      { description: 'The last failure of the transport, also after it is up again.' },
    ),
  ),
  last_accepted_at: nullable(Timestamp),
  next_try_at: nullable({
    ...Timestamp,
    description:
      'When what waits is tried again. Null while it is up, and where nothing waits: it is not tried by itself, and the next mail tries it.',
  }),
  in_flight: Type.Integer({ description: 'Mails handed to it without an outcome, at most some seconds ago.' }),
  processes: Type.Array(
    Type.Object({ use: Type.Enum(TRANSPORT_USES), state: Type.Enum(TRANSPORT_STATES), since: Timestamp }),
    { description: 'How each running worker process finds it, for campaigns (bulk) and for messages (transactional).' },
  ),
};

const HEALTH_EXAMPLE = {
  state: 'down',
  since: '2026-05-15T09:00:12+00:00',
  last_error: { at: '2026-05-15T09:00:52+00:00', reply: 'connect ECONNREFUSED 192.0.2.1:465', phase: 'connect' },
  last_accepted_at: '2026-05-15T09:00:11+00:00',
  next_try_at: '2026-05-15T09:01:24+00:00',
  in_flight: 0,
  processes: [{ use: 'bulk', state: 'down', since: '2026-05-15T09:00:12+00:00' }],
};

const DefaultTransport = Type.Object(transportHealthFields, {
  description: "The installation's own transport. It carries the mail for which the account has no transport.",
  examples: [HEALTH_EXAMPLE],
});

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
    ...transportHealthFields,
    created_at: Timestamp,
    updated_at: Timestamp,
  },
  { examples: [{ id: 1, ...EXAMPLE, url: 'smtps://user:***@relay.example.org', enabled: true, ...HEALTH_EXAMPLE }] },
);

export const TransportList = Type.Object({
  data: Type.Array(TransportView),
  meta: Type.Object({ default: DefaultTransport }),
});

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

/** `isClient`: whether the account may see how the installation's own transport connects. */
export function defaultTransportView(
  known: KnownHealth | undefined,
  isClient: boolean,
): Static<typeof DefaultTransport> {
  const { last_error, ...view } = healthView(known, 0);
  const isHidden = isClient && last_error !== null && last_error.phase !== 'mail';
  return { ...view, last_error: isHidden ? { ...last_error, reply: UNREACHED.what } : last_error };
}

export function transportView(row: StoredTransport, known: KnownHealth | undefined): Static<typeof TransportView> {
  const { _id: id, name, shown: url, rate_per_second, connections, priority, enabled, purpose } = row;
  const at = { created_at: timestamp(row.created_at), updated_at: timestamp(row.updated_at) };
  const settings = { id, name, url, rate_per_second, connections, priority, enabled, purpose };
  return { ...settings, ...healthView(known, row.version), ...at };
}

/** How a transport is, as far as the running processes know. */
export function healthView(known: KnownHealth | undefined, version: number) {
  const found = combinedHealth(known, version);
  const live = known === undefined ? [] : liveReports(known, version);
  return {
    state: found?.state ?? 'unknown',
    since: timestampOrNull(found?.since ?? null),
    last_error: found?.error ? { ...found.error, at: timestamp(found.error.at) } : null,
    last_accepted_at: timestampOrNull(found?.accepted_at ?? null),
    next_try_at: timestampOrNull(found === null ? null : shownTry(found, now())),
    in_flight: found?.in_flight ?? 0,
    processes: live.map(({ use, state, since }) => ({ use, state, since: timestamp(since) })),
  };
}
