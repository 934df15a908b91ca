import { type Static, Type } from 'typebox';
import { now } from '../../clock.js';
import { WAITING_REASONS, type WaitingReason } from '../../domain/waiting/waiting.js';
import { type AccountStatus, accountStatus } from '../../services/account-status.js';
import { WAITING_KINDS } from '../../services/waiting/waiting-totals.js';
import type { Api } from '../api.js';
import { accountOf } from '../hooks/auth.js';
import { Data, refusals } from '../schema/envelope.js';
import { Id, nullable, Timestamp } from '../schema/fields.js';
import { timestamp, timestampOrNull } from '../timestamp.js';
import type { Deps } from '../wiring.js';

const WaitingTotalView = Type.Object({
  kind: Type.Enum([...WAITING_KINDS]),
  reason: Type.Enum(Object.keys(WAITING_REASONS) as WaitingReason[]),
  count: Type.Integer(),
  id: Type.String({ description: 'The campaign, message or issue that has waited longest; the rest is about it.' }),
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
        campaigns: Type.Array(Type.Object({ campaign_id: Id, recipients: Type.Integer(), since: Timestamp })),
      },
      { description: 'Mails that may have arrived, or not; at most 50 campaigns, the newest.' },
    ),
    webhooks: Type.Array(
      Type.Object({
        webhook_id: Id,
        enabled: Type.Boolean(),
        failing_since: nullable(Timestamp),
        last_delivered_at: nullable(Timestamp),
        next_attempt_at: nullable(Timestamp),
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
            ...{ kind: 'message', reason: 'transport', count: 214, id: '0197c1a2-7a53-7c4e-9a51-3f0f6a2b9d11' },
            ...{ since: '2026-05-15T09:00:12+00:00', next_try: '2026-05-15T09:04:24+00:00' },
            detail:
              'The transport Relay cannot be reached since 2026-05-15T09:00:12.000Z. Last reply: connect ECONNREFUSED',
          },
        ],
        uncertain: {
          messages: 0,
          campaigns: [{ campaign_id: 7, recipients: 2, since: '2026-05-15T08:31:00+00:00' }],
        },
        webhooks: [],
      },
    ],
  },
);

export type StatusResponse = Static<typeof StatusView>;

/** What waits and what is uncertain in the account. */
export function status(app: Api, deps: Deps): void {
  app.get(
    '/status',
    {
      schema: {
        tags: ['Account'],
        summary: 'Retrieve what waits, and for what, what is uncertain, and which webhooks fail',
        response: { 200: Data(StatusView), ...refusals },
      },
    },
    async (request) => ({ data: statusView(await accountStatus(deps, accountOf(request))) }),
  );
}

export function statusView({ waiting, uncertain, webhooks }: AccountStatus): StatusResponse {
  return {
    at: timestamp(now()),
    waiting: waiting.map(({ kind, reason, count, id, waiting: { since, next_try, detail } }) => ({
      ...{ kind, reason, count, id, since: timestamp(since), next_try: timestampOrNull(next_try), detail },
    })),
    uncertain: {
      messages: uncertain.messages,
      campaigns: uncertain.recipients.map(({ of, count, since }) => ({
        campaign_id: of,
        recipients: count,
        since: timestamp(since),
      })),
    },
    webhooks: webhooks.map(({ _id: webhook_id, state, failing_since, last_delivered_at, rest_until }) => ({
      ...{ webhook_id, enabled: state === 'enabled', failing_since: timestampOrNull(failing_since) },
      ...{ last_delivered_at: timestampOrNull(last_delivered_at), next_attempt_at: timestampOrNull(rest_until) },
    })),
  };
}
