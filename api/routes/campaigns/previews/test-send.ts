import type { FastifyRequest } from 'fastify';
import { type Static, Type } from 'typebox';
import { Failure } from '../../../../domain/errors.js';
import type { MessageRequest } from '../../../../domain/message/message.js';
import { parseMailbox } from '../../../../mail/address.js';
import { acceptMessage } from '../../../../services/accept-message.js';
import { campaignSender } from '../../../../services/sender.js';
import type { Campaign } from '../../../../store/campaigns/row.js';
import type { Api } from '../../../api.js';
import { accountOf } from '../../../hooks/auth.js';
import { demandOwned } from '../../../hooks/failures.js';
import { keyOf } from '../../../hooks/idempotency.js';
import { Data, refusals } from '../../../schema/envelope.js';
import { IdPath } from '../../../schema/fields.js';
import { TestSend } from '../../../schema/preview.js';
import type { Deps } from '../../../wiring.js';
import { acceptOptionsOf } from '../../messages/posting.js';
import { acceptedView } from '../../messages/view.js';
import { MessageAccepted } from '../../messages/view-schema.js';
import { demandText } from '../update.js';
import { fillLetter, previewRecipient, renderCampaign } from './rendering.js';

/** Sends a campaign to members as messages marked as a test; they have the states and the timeline of every message. */
export function campaignTestSends(app: Api, deps: Deps): void {
  app.post(
    '/campaigns/:id/test',
    {
      schema: {
        tags: ['Campaigns'],
        summary: 'Send a campaign to up to five members as a test',
        params: IdPath,
        body: TestSend,
        response: { 202: Data(Type.Array(MessageAccepted)), ...refusals },
      },
    },
    async (request, reply) => {
      const account = accountOf(request);
      const row = demandOwned(await deps.campaigns.owned(account, request.params.id));
      demandText(row);
      await demandMembers(deps, account, request.body.to);
      const content = await testMessageOf(deps, row, request.body);
      const data = [];
      for (const to of request.body.to) data.push(await acceptTestMessage(deps, request, row, { ...content, to }));
      return reply.code(202).send({ data });
    },
  );
}

async function testMessageOf(
  deps: Deps,
  row: Campaign,
  requested: Static<typeof TestSend>,
): Promise<Omit<MessageRequest, 'to'>> {
  const recipient = await previewRecipient(deps, row, requested);
  const rendered = await renderCampaign(deps, row);
  const { subject, html, text } = fillLetter(deps, row, rendered, recipient);
  const subjectLine = `[Test] ${subject.replace(/\p{Cc}+/gu, ' ').trim()}`.slice(0, 998);
  const from = await campaignSender(deps, row);
  return {
    from,
    reply_to: row.reply_to,
    subject: subjectLine,
    html,
    text,
    headers: { 'X-Everpost-Environment': 'testing' },
  };
}

async function acceptTestMessage(deps: Deps, request: FastifyRequest, { _id }: Campaign, message: MessageRequest) {
  const key = keyOf(request);
  // A caller's key contains no space, so the key of a test never equals that of a message.
  const options = acceptOptionsOf(request, key === undefined ? undefined : `${key} test ${_id} ${message.to}`);
  return acceptedView(await acceptMessage(deps, message, { ...options, detectRepeats: false }), key);
}

async function demandMembers(
  { members }: Pick<Deps, 'members'>,
  account: number,
  to: readonly string[],
): Promise<void> {
  const keys = to.map((email) => parseMailbox(email)?.identity ?? '');
  const known = await members.among(account, keys);
  if (keys.some((key) => !known.has(key))) throw new Failure('receiver_not_a_member');
}
