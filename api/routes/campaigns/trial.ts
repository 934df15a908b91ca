import type { FastifyRequest } from 'fastify';
import { type Static, Type } from 'typebox';
import { Failure } from '../../../domain/errors.js';
import { parseMailbox } from '../../../mail/address.js';
import type { Campaign } from '../../../store/campaigns.js';
import type { Api } from '../../app.js';
import { accountOf } from '../../auth.js';
import type { Deps } from '../../deps.js';
import { ours } from '../../failures.js';
import { keyOf } from '../../idempotency.js';
import { Data, refusals } from '../../schemas/envelope.js';
import { IdPath } from '../../schemas/fields.js';
import { MessageAccepted, type MessageRequest } from '../../schemas/message.js';
import { Trial } from '../../schemas/preview.js';
import { acceptMessage } from '../messages/accept.js';
import { acceptedView } from '../messages/view.js';
import { wishOf } from '../messages/wish.js';
import { filledFor, recipientFor, rendition } from './rendition.js';
import { senderOf } from './sender.js';
import { demandText } from './steering.js';

/** A campaign as messages to members, marked as a test: the way every message goes, with its states and its timeline. */
export function campaignTrial(app: Api, deps: Deps): void {
  app.post(
    '/campaigns/:id/test',
    {
      schema: {
        tags: ['Campaigns'],
        summary: 'Send a campaign to up to five members as a test',
        params: IdPath,
        body: Trial,
        response: { 202: Data(Type.Array(MessageAccepted)), ...refusals },
      },
    },
    async (request, reply) => {
      const account = accountOf(request);
      const row = ours(await deps.campaigns.owned(account, request.params.id));
      demandText(row);
      await demandMembers(deps, account, request.body.to);
      const said = await trialOf(deps, row, request.body);
      const data = [];
      for (const to of request.body.to) data.push(await sent(deps, request, row, { ...said, to }));
      return reply.code(202).send({ data });
    },
  );
}

async function trialOf(deps: Deps, row: Campaign, wish: Static<typeof Trial>): Promise<Omit<MessageRequest, 'to'>> {
  const recipient = await recipientFor(deps, row, wish);
  const rendered = await rendition(deps, row);
  const { subject, html, text } = filledFor(deps, row, rendered, recipient);
  const line = `[Test] ${subject.replace(/\p{Cc}+/gu, ' ').trim()}`.slice(0, 998);
  const from = await senderOf(deps, row);
  return { from, reply_to: row.reply_to, subject: line, html, text, headers: { 'X-Everpost-Environment': 'testing' } };
}

async function sent(deps: Deps, request: FastifyRequest, { _id }: Campaign, message: MessageRequest) {
  const key = keyOf(request);
  // No caller's key has a blank in it, so that a test and a message never meet.
  const keyed = key === undefined ? {} : { key: `${key} test ${_id} ${message.to}` };
  const accepted = await acceptMessage(deps, message, { ...wishOf(request), detectRepeats: false, ...keyed });
  return acceptedView(accepted, message, key !== undefined);
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
