import { parseMailbox } from '../../../../mail/address.js';
import { messageIdOf } from '../../../../mail/letter/compile.js';
import { launchSender } from '../../../../services/sender.js';
import type { CampaignRecipient, RecipientPosition } from '../../../../store/campaigns/recipients.js';
import type { Campaign } from '../../../../store/campaigns/row.js';
import type { Api } from '../../../api.js';
import { accountOf } from '../../../hooks/auth.js';
import { demandOwned } from '../../../hooks/failures.js';
import { refusals } from '../../../schema/envelope.js';
import { IdPath } from '../../../schema/fields.js';
import { timestampOrNull } from '../../../timestamp.js';
import type { Deps } from '../../../wiring.js';
import { RecipientPage, RecipientSearch } from './schema.js';

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
      const { status, after, limit } = request.query;
      const row = demandOwned(await deps.campaigns.owned(accountOf(request), request.params.id));
      const query = { account: row.account, campaign: row._id, limit, ...(status && { status }) };
      const { found, next } = await deps.recipients.list({ ...query, ...(after && { after: parseCursor(after) }) });
      const domain = parseMailbox((await launchSender(deps, row)).email)?.domain ?? '';
      return {
        data: found.map((one) => recipientView(row, domain, one)),
        meta: { next: next ? formatCursor(next) : null },
      };
    },
  );
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
