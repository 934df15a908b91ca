import type { FastifyRequest } from 'fastify';
import { type Static, Type } from 'typebox';
import { now } from '../../clock.js';
import { WAITING_REASONS, type WaitingReason } from '../../domain/waiting/waiting.js';
import { type AccountStatus, accountStatus } from '../../services/account-status.js';
import type { FailingWebhook } from '../../services/waiting/failing-webhooks.js';
import { WAITING_KINDS } from '../../services/waiting/waiting-totals.js';
import { DEFAULT_TRANSPORT } from '../../store/transports/health.js';
import type { Api } from '../api.js';
import { accountOf, principalOf } from '../hooks/auth.js';
import { Data, refusals } from '../schema/envelope.js';
import { Id, nullable, Timestamp } from '../schema/fields.js';
import { timestamp, timestampOrNull } from '../timestamp.js';
import type { Deps } from '../wiring.js';
import { defaultTransportView, healthView, transportHealthFields } from './transports/schema.js';

const WaitingTotalView = Type.Object({
  kind: Type.Enum([...WAITING_KINDS]),
  reason: Type.Enum(Object.keys(WAITING_REASONS) as WaitingReason[]),
  count: Type.Integer(),
  id: Type.String({ description: 'The campaign, message or issue that has waited longest; the rest is about it.' }),
  name: nullable(
    Type.String({ description: 'The subject of the campaign, or the name of the newsletter; null for a message.' }),
  ),
  since: Timestamp,
  next_try: nullable(Timestamp),
  detail: Type.String(),
});

const StatusView = Type.Object(
  {
    at: Timestamp,
    waiting: Type.Array(WaitingTotalView, {
      description: 'What does not move, by kind and reason, the longest-waiting first. Empty: everything moves.',
    }),
    uncertain: Type.Object(
      {
        messages: Type.Integer(),
        campaigns: Type.Array(
          Type.Object({ campaign_id: Id, name: nullable(Type.String()), recipients: Type.Integer(), since: Timestamp }),
        ),
      },
      { description: 'Mails that may have arrived, or not; at most 50 campaigns, the newest.' },
    ),
    transports: Type.Array(
      Type.Object({
        transport_id: nullable(Type.Integer({ description: 'Null: the transport of the installation (`SMTP_URL`).' })),
        name: nullable(Type.String()),
        ...transportHealthFields,
      }),
      {
        description:
          'The transports of the account, and the one of the installation last. As `GET /transports` has them.',
      },
    ),
    webhooks: Type.Array(
      Type.Object({
        webhook_id: Id,
        host: Type.String({ description: 'Of its URL.' }),
        enabled: Type.Boolean(),
        failing_since: nullable(Timestamp),
        last_failed_at: nullable(Timestamp),
        last_status: nullable(
          Type.Integer({ description: 'Of the last attempt that failed; null: there was no response.' }),
        ),
        last_error: nullable(Type.String({ description: 'Why there was no response to it.' })),
        last_delivered_at: nullable(Timestamp),
        next_attempt_at: nullable({ ...Timestamp, description: 'Null: the webhook is disabled, or is being tried.' }),
        events_waiting: Type.Integer({ description: 'Events that were not tried yet, counted up to 10000.' }),
      }),
      { description: 'Webhooks whose deliveries fail, or that were disabled because they did.' },
    ),
  },
  {
    examples: [
      {
        at: '2026-05-15T09:04:00+00:00',
        waiting: [
          {
            ...{
              kind: 'message',
              reason: 'transport',
              count: 214,
              id: '0197c1a2-7a53-7c4e-9a51-3f0f6a2b9d11',
              name: null,
            },
            ...{ since: '2026-05-15T09:00:12+00:00', next_try: '2026-05-15T09:04:24+00:00' },
            detail:
              'The transport Relay cannot be reached since 2026-05-15T09:00:12.000Z. Last reply: connect ECONNREFUSED',
          },
        ],
        uncertain: {
          messages: 0,
          campaigns: [
            { campaign_id: 7, name: 'Our new pricing tiers', recipients: 2, since: '2026-05-15T08:31:00+00:00' },
          ],
        },
        transports: [],
        webhooks: [],
      },
    ],
  },
);

export type StatusResponse = Static<typeof StatusView>;

/** What waits and what is uncertain in the account, its transports and failing webhooks. */
export function status(app: Api, deps: Deps): void {
  app.get(
    '/status',
    {
      schema: {
        tags: ['Account'],
        summary:
          'Retrieve what waits, and for what, what is uncertain, how the transports are, and which webhooks fail',
        response: { 200: Data(StatusView), ...refusals },
      },
    },
    async (request) => ({ data: statusView(await accountStatus(deps, accountOf(request)), isClientOf(request)) }),
  );
}

function isClientOf(request: FastifyRequest): boolean {
  return principalOf(request).accountStatus.kind === 'client';
}

/** `isClient`: whether the account may not see how the installation's own transport connects. */
export function statusView(
  { waiting, uncertain, transports, webhooks }: AccountStatus,
  isClient: boolean,
): StatusResponse {
  const { own, known } = transports;
  const ofInstallation = defaultTransportView(known.get(DEFAULT_TRANSPORT), isClient);
  return {
    at: timestamp(now()),
    waiting: waiting.map(({ kind, reason, count, id, name, waiting: { since, next_try, detail } }) => ({
      ...{ kind, reason, count, id, name, since: timestamp(since), next_try: timestampOrNull(next_try), detail },
    })),
    uncertain: {
      messages: uncertain.messages,
      campaigns: uncertain.recipients.map(({ of, name, count, since }) => ({
        ...{ campaign_id: of, name, recipients: count, since: timestamp(since) },
      })),
    },
    transports: [
      ...own.map((row) => ({
        ...{ transport_id: row._id, name: row.name, ...healthView(known.get(`${row._id}`), row.version) },
      })),
      { transport_id: null, name: null, ...ofInstallation },
    ],
    webhooks: webhooks.map(failingWebhookView),
  };
}

/** A failing webhook, without the parts of its URL that may be secret. */
export function failingWebhookView({ endpoint, host, lastFailure, untried, next }: FailingWebhook) {
  const { _id: webhook_id, state, failing_since, last_delivered_at } = endpoint;
  return {
    ...{ webhook_id, host, enabled: state === 'enabled', failing_since: timestampOrNull(failing_since) },
    last_failed_at: timestampOrNull(lastFailure?.at ?? null),
    ...{ last_status: lastFailure?.status ?? null, last_error: lastFailure?.error ?? null },
    ...{ last_delivered_at: timestampOrNull(last_delivered_at), next_attempt_at: timestampOrNull(next) },
    events_waiting: untried,
  };
}
