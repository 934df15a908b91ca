import { Type } from 'typebox';
import { RECIPIENT_STATUSES } from '../../../domain/campaign/campaign.js';
import { parseMailbox } from '../../../mail/address.js';
import { messageIdOf } from '../../../mail/letter/compile.js';
import { launchSender } from '../../../services/sender.js';
import type { RecipientPosition } from '../../../store/campaigns/recipient-status.js';
import type { CampaignRecipient } from '../../../store/campaigns/recipients.js';
import type { Campaign } from '../../../store/campaigns/row.js';
import type { Api } from '../../api.js';
import { accountOf } from '../../hooks/auth.js';
import { demandOwned } from '../../hooks/failures.js';
import { refusals } from '../../schema/envelope.js';
import { closed, Id, IdPath, nullable, Timestamp } from '../../schema/fields.js';
import { timestampOrNull } from '../../timestamp.js';
import type { Deps } from '../../wiring.js';
import { demandOneName, identityIn, type PersonSearch, personFields } from '../people/search.js';

export function campaignRecipients(app: Api, deps: Deps): void {
  app.get(
    '/campaigns/:id/recipients',
    {
      schema: {
        tags: ['Campaigns'],
        summary: 'List the recipients of a campaign',
        params: IdPath,
        querystring: RecipientSearch,
        response: { 200: RecipientPage, ...refusals },
      },
    },
    async (request) => {
      const { status, after, limit, ...named } = request.query;
      const row = demandOwned(await deps.campaigns.owned(accountOf(request), request.params.id));
      const domain = parseMailbox((await launchSender(deps, row)).email)?.domain ?? '';
      if (named.email !== undefined || named.subscriber_id !== undefined) {
        const found = await onePerson(deps, row, named);
        const shown = found.filter((one) => status === undefined || one.status === status);
        return { data: shown.map((one) => recipientView(row, domain, one)), meta: { next: null } };
      }
      const query = { account: row.account, campaign: row._id, limit, ...(status && { status }) };
      const { found, next } = await deps.recipients.list({ ...query, ...(after && { after: parseCursor(after) }) });
      return {
        data: found.map((one) => recipientView(row, domain, one)),
        meta: { next: next ? formatCursor(next) : null },
      };
    },
  );
}

/** The recipient with this address or id; none where the ledger has no such recipient. */
async function onePerson(
  { recipients, subscribers }: Pick<Deps, 'recipients' | 'subscribers'>,
  row: Campaign,
  named: PersonSearch,
): Promise<CampaignRecipient[]> {
  demandOneName({ ...named });
  const { email, subscriber_id } = named;
  const [person] =
    email === undefined
      ? await subscribers.findMany(row.account, subscriber_id === undefined ? [] : [subscriber_id])
      : [await subscribers.onList(row.account, row.list_id, identityIn(email))];
  const id = subscriber_id ?? person?._id;
  const recipient = id === undefined ? undefined : await recipients.find(row, id);
  return recipient === undefined ? [] : [{ ...recipient, email: person?.email ?? null }];
}

function recipientView(row: Campaign, domain: string, one: CampaignRecipient) {
  const letter = { boundarySeed: row.seed, campaign: row._id };
  const { subscriber_id, email, status, class: why, reply, attempts, updated_at } = one;
  return {
    subscriber_id,
    email,
    status,
    class: why,
    reply,
    attempts,
    message_id: attempts > 0 ? messageIdOf({ letter, sender: { domain } }, subscriber_id) : null,
    updated_at: timestampOrNull(updated_at),
  };
}

function formatCursor({ round, page, i }: RecipientPosition): string {
  return `${round}:${page}:${i}`;
}

function parseCursor(text: string): RecipientPosition {
  const [round = 0, page = 0, i = 0] = text.split(':').map(Number);
  return { round, page, i };
}

/** End of the previous page; callers send it back unchanged. */
const Cursor = Type.String({ pattern: '^\\d{1,6}:\\d{1,7}:\\d{1,4}$' });

const RecipientSearch = Type.Object(
  {
    status: Type.Optional(Type.Enum([...RECIPIENT_STATUSES])),
    ...personFields,
    after: Type.Optional(Cursor),
    limit: Type.Integer({ minimum: 1, maximum: 1_000, default: 50 }),
  },
  closed,
);

const RecipientView = Type.Object({
  subscriber_id: Id,
  email: nullable(Type.String()),
  status: Type.Enum([...RECIPIENT_STATUSES]),
  class: nullable(Type.String()),
  reply: nullable(Type.String()),
  attempts: Type.Integer(),
  message_id: nullable(Type.String()),
  updated_at: nullable(Timestamp),
});

const RecipientPage = Type.Object(
  { data: Type.Array(RecipientView), meta: Type.Object({ next: nullable(Type.String()) }) },
  {
    examples: [
      {
        data: [
          {
            subscriber_id: 42,
            email: 'alice@example.com',
            status: 'failed',
            class: 'invalid_recipient',
            reply: 'no such user',
            attempts: 1,
            message_id: '<7.42.6bPq1mN0aZ@acme.example>',
            updated_at: '2026-05-15T09:00:12+00:00',
          },
        ],
        meta: { next: null },
      },
    ],
  },
);
