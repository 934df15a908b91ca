import type { FastifyRequest } from 'fastify';
import { type Static, Type } from 'typebox';
import { Failure } from '../../../../domain/errors.js';
import { blocksSending } from '../../../../domain/mail/finding.js';
import type { MessageRequest } from '../../../../domain/message/message.js';
import { parseMailbox } from '../../../../mail/address.js';
import { acceptMessage } from '../../../../services/accept-message.js';
import { testSubject } from '../../../../services/letters/preview-letter.js';
import { renderCampaign } from '../../../../services/letters/render-letter.js';
import { campaignSender } from '../../../../services/sender.js';
import type { Campaign } from '../../../../store/campaigns/row.js';
import type { Api } from '../../../api.js';
import { accountOf } from '../../../hooks/auth.js';
import { demandOwned } from '../../../hooks/failures.js';
import { keyOf } from '../../../hooks/idempotency.js';
import { previewLink } from '../../../previews/link.js';
import { PREVIEW, sendPreview } from '../../../previews/response.js';
import { Data, refusals } from '../../../schema/envelope.js';
import { IdPath } from '../../../schema/fields.js';
import {
  CampaignPreviewLink,
  CheckView,
  PreviewLinkView,
  PreviewRequest,
  PreviewSearch,
  TestSend,
} from '../../../schema/preview.js';
import type { Deps } from '../../../wiring.js';
import { acceptOptionsOf } from '../../messages/routes.js';
import { acceptedView } from '../../messages/view.js';
import { MessageAccepted } from '../../messages/view-schema.js';
import { EmptyBody } from '../schema.js';
import { demandText } from '../update.js';
import { campaignPreview, fillLetter, previewRecipient } from './rendering.js';

const tags = ['Campaigns'];
const ONE = { 200: PREVIEW, ...refusals };

/** Previews of a campaign for one recipient, and its check before sending; these routes send no mail. */
export function campaignPreviews(app: Api, deps: Deps): void {
  const ownedCampaign = async (account: number, id: number) => demandOwned(await deps.campaigns.owned(account, id));

  app.get(
    '/campaigns/:id/preview',
    {
      schema: {
        tags,
        summary: 'Preview a campaign, for a subscriber or sample data',
        params: IdPath,
        querystring: PreviewSearch,
        response: ONE,
      },
    },
    async (request, reply) => {
      const row = await ownedCampaign(accountOf(request), request.params.id);
      return sendPreview(request, reply, await campaignPreview(deps, row, request.query));
    },
  );

  app.post(
    '/campaigns/:id/preview',
    {
      schema: {
        tags,
        summary: 'Preview a campaign with sample data of your own',
        params: IdPath,
        body: PreviewRequest,
        response: ONE,
      },
    },
    async (request, reply) => {
      const row = await ownedCampaign(accountOf(request), request.params.id);
      return sendPreview(request, reply, await campaignPreview(deps, row, request.body));
    },
  );

  app.post(
    '/campaigns/:id/check',
    {
      schema: {
        tags,
        summary: 'Check a campaign before it is sent',
        params: IdPath,
        body: EmptyBody,
        response: { 200: Data(CheckView), ...refusals },
      },
    },
    async (request) => {
      const row = await ownedCampaign(accountOf(request), request.params.id);
      demandText(row);
      const { html, findings } = await renderCampaign(deps, row);
      const view = { ok: !blocksSending(findings), bytes: Buffer.byteLength(html), findings: [...findings] };
      return { data: view };
    },
  );
}

/** Links to previews, for people without a key. */
export function campaignPreviewLinks(app: Api, deps: Deps): void {
  app.post(
    '/campaigns/:id/preview/link',
    {
      schema: {
        tags,
        summary: 'Make a link that shows the preview of a campaign without a key',
        params: IdPath,
        body: CampaignPreviewLink,
        response: { 201: Data(PreviewLinkView), ...refusals },
      },
    },
    async (request, reply) => {
      const row = demandOwned(await deps.campaigns.owned(accountOf(request), request.params.id));
      const { hours, ...requested } = request.body;
      demandText(row);
      const { id: subscriber } = await previewRecipient(deps, row, requested);
      return reply.code(201).send({ data: await previewLink(deps, { campaign: row._id, subscriber }, hours) });
    },
  );
}

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
  const { subject, html, text } = await fillLetter(deps, row.account, await renderCampaign(deps, row), recipient);
  return {
    from: await campaignSender(deps, row),
    reply_to: row.reply_to,
    subject: testSubject(subject),
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
  const strangers = to.filter((_, i) => !known.has(keys[i] ?? ''));
  if (strangers.length === 0) return;
  const sentence = `Test mails go to members of the account only; add ${strangers.join(', ')} with POST /account/members.`;
  throw new Failure('receiver_not_a_member', undefined, sentence);
}
