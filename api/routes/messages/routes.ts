import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Config } from '../../../config.js';
import { Failure } from '../../../domain/errors.js';
import type { MessageRequest } from '../../../domain/message/message.js';
import { type AcceptedMessage, type AcceptOptions, acceptMessage } from '../../../services/accept-message.js';
import type { Message } from '../../../store/messages/row.js';
import type { Api } from '../../api.js';
import { accountOf, principalOf } from '../../hooks/auth.js';
import { demandOwned } from '../../hooks/failures.js';
import { keyOf, markReplayed } from '../../hooks/idempotency.js';
import { Data, refusals } from '../../schema/envelope.js';
import type { Deps } from '../../wiring.js';
import { demandOneName, searchedPerson } from '../people/search.js';
import { MessagePath, MessageSearch, NewMessage } from './schema.js';
import { acceptedView, messageDetailView, messageRowViews, messageView } from './view.js';
import { MessageAccepted, MessagePage, MessageRow, MessageView } from './view-schema.js';

const tags = ['Messages'];

export function messages(app: Api, deps: Deps): void {
  postMessage(app, deps);
  readMessages(app, deps);
  cancelMessage(app, deps);
}

function postMessage(app: Api, deps: Deps): void {
  app.post(
    '/messages',
    {
      bodyLimit: bodyLimit(deps.config),
      config: { keyInRow: true },
      schema: {
        tags,
        summary: 'Send a message',
        body: NewMessage,
        response: { 202: Data(MessageAccepted), ...refusals },
      },
    },
    async (request, reply) => {
      const { key, ...accepted } = await acceptUnderKey(deps, request, reply, request.body);
      return reply.code(202).send({ data: acceptedView(accepted, key) });
    },
  );
}

function readMessages(app: Api, deps: Deps): void {
  app.get(
    '/messages',
    {
      schema: {
        tags,
        summary: 'List messages, the newest first',
        querystring: MessageSearch,
        response: { 200: MessagePage, ...refusals },
      },
    },
    async (request) => {
      const { to, email, subscriber_id, limit, ...search } = request.query;
      demandOneName({ to, email, subscriber_id });
      const account = accountOf(request);
      const person = await searchedPerson(deps, account, { email: to ?? email, subscriber_id });
      if (person === 'missing') return { data: [], meta: { next: null } };
      const query = { ...search, limit: limit + 1, ...(person && { to: person.emailKey }) };
      const found = await deps.messages.page(account, query);
      const shown = found.slice(0, limit);
      const next = found.length > limit ? (shown.at(-1)?._id ?? null) : null;
      return { data: await messageRowViews(deps, account, shown), meta: { next } };
    },
  );

  app.get(
    '/messages/:id',
    {
      schema: {
        tags,
        summary: 'Retrieve a message with its timeline',
        params: MessagePath,
        response: { 200: Data(MessageView), ...refusals },
      },
    },
    async (request) => ({
      data: await messageDetailView(deps, await owned(deps, accountOf(request), request.params.id)),
    }),
  );
}

function cancelMessage(app: Api, deps: Deps): void {
  app.post(
    '/messages/:id/cancel',
    {
      schema: {
        tags,
        summary: 'Cancel a waiting message',
        params: MessagePath,
        response: { 200: Data(MessageRow), ...refusals },
      },
    },
    async (request) => {
      const row = await owned(deps, accountOf(request), request.params.id);
      return { data: messageView(await cancelWithCopies(deps, row)) };
    },
  );
}

async function owned({ messages }: Deps, account: number, id: string): Promise<Message> {
  return demandOwned(await messages.owned(account, /^\d+$/.test(id) ? Number(id) : id.toLowerCase()));
}

/** Cancels a message, and with a primary one the copies that still wait. Repeating it changes nothing. */
async function cancelWithCopies(deps: Deps, row: Message): Promise<Message> {
  const taken = await cancelOne(deps, row);
  const copies = row.role === 'to' ? await deps.messages.ofGroup(row.account, row.group) : [];
  for (const { _id } of copies) {
    const copy = _id === row._id ? null : await deps.messages.cancel(row.account, _id);
    if (copy !== null) await afterCancel(deps, copy);
  }
  return taken;
}

/** Releases its quota now: the sweep checks it only when it would have been due. */
async function afterCancel({ engine, messageQuota }: Deps, taken: Message): Promise<void> {
  engine.startMessage(taken);
  if (taken.state === 'cancelled') await messageQuota.release([taken]);
}

async function cancelOne(deps: Deps, { account, _id }: Message): Promise<Message> {
  const { messages } = deps;
  const taken = await messages.cancel(account, _id);
  if (taken !== null) {
    await afterCancel(deps, taken);
    return taken;
  }
  const found = demandOwned(await messages.owned(account, _id));
  if (found.state === 'cancelled') return found;
  throw new Failure(found.state === 'sending' ? 'being_sent' : 'not_cancellable');
}

/** Bytes of both bodies of a mail, with each character escaped, and of the other fields. */
const TEXT_BYTES = 5 * 1024 * 1024;

/** The size in bytes of a request that carries all allowed attachments: base64 with line breaks, and the text. */
export function bodyLimit({ attachmentBytes }: Pick<Config, 'attachmentBytes'>): number {
  return Math.ceil((attachmentBytes * 4 * 1.03) / 3) + TEXT_BYTES;
}

/** Accepts the message of a request under its Idempotency-Key, if it has one, and marks the answer to a repeated request. */
export async function acceptUnderKey(
  deps: Deps,
  request: FastifyRequest,
  reply: FastifyReply,
  message: MessageRequest,
  options: Partial<AcceptOptions> = {},
): Promise<AcceptedMessage & { readonly key: string | undefined }> {
  const key = keyOf(request);
  const accepted = await acceptMessage(deps, message, { ...acceptOptionsOf(request, key), ...options });
  if (accepted.known && key !== undefined) markReplayed(reply);
  return { ...accepted, key };
}

/** How messages of this request are accepted, under this Idempotency-Key if there is one. */
export function acceptOptionsOf(request: FastifyRequest, key: string | undefined): AcceptOptions {
  const { account, accountStatus } = principalOf(request);
  const { plan, detect_repeats: detectRepeats } = accountStatus;
  return { account, plan, detectRepeats, ...(key !== undefined && { key }) };
}
