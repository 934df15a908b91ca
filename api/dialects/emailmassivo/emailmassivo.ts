import { createHash } from 'node:crypto';
import { STATUS_CODES } from 'node:http';
import { Type } from 'typebox';
import { Failure } from '../../../domain/errors.js';
import type { MessageRequest } from '../../../domain/message/message.js';
import { type AcceptedMessage, acceptMessage } from '../../../services/accept-message.js';
import type { SuppressionReason } from '../../../store/suppressions/suppressions.js';
import type { Api } from '../../api.js';
import { accountOf, type Principal, principalOf, secretIn } from '../../hooks/auth.js';
import { bodyLimit } from '../../routes/messages/routes.js';
import { timestamp } from '../../timestamp.js';
import type { Deps } from '../../wiring.js';
import { type Dialect, type RefusalResponse, tagOf } from '../dialect.js';
import { Send, SendByTemplate, type SendRequest, toNativeRequest } from './request.js';

const UNREADABLE = 'Attachments parse failed';

/** The status and message of the document for each native code. */
const DOCUMENTED: Readonly<Record<string, readonly [status: number, message: string]>> = {
  attachment_unreadable: [400, UNREADABLE],
  attachment_repeated: [400, UNREADABLE],
  attachments_too_large: [400, 'Attachments size more than allowed'],
  payload_too_large: [400, 'Attachments size more than allowed'],
  attachment_type_forbidden: [400, 'Attachments type forbidden'],
  not_renderable: [400, 'HTML template is not valid'],
  template_too_complex: [400, 'HTML template is not valid'],
  unauthenticated: [401, 'Invalid API key'],
  quota_exceeded: [402, 'Not enough resources on the user balance'],
  request_quota_exceeded: [402, 'Not enough resources on the user balance'],
  key_revoked: [403, 'API key is not active'],
  key_expired: [403, 'API key is not active'],
  key_unknown: [404, 'ExternalMailApiKey not found'],
  domain_not_verified: [404, 'User Domain not found'],
  template_not_found: [404, 'TemplateMailUser not found by id'],
  recipient_opted_out: [422, 'Email receiver unsubscribed from this API key mails'],
  template_not_published: [422, 'Template not found by templateId'],
  internal_error: [500, 'Internal server error'],
  unavailable: [503, 'Email processing service is temporarily unavailable'],
};

/** The message of the document for each reason of a suppression. */
const SUPPRESSED: Readonly<Record<SuppressionReason, string>> = {
  complaint: 'Email receiver complained from this API key mails',
  bounce: "Email receiver doesn't exist",
  manual: 'Email receiver unavailable',
  erased: 'Email receiver unavailable',
};

/** The answer to every validation failure. */
const VALIDATION_STATUSES: Readonly<Record<number, number>> = { 413: 400, 414: 400, 415: 400, 422: 400 };

/** `{statusCode, message, error}`, with the message of the document where it has one. */
function toRefusal(failure: Failure, native: number): RefusalResponse {
  const [status, message] = DOCUMENTED[failure.code] ?? [statusOf(failure, native), sentenceOf(failure)];
  return { status, body: { statusCode: status, message, error: STATUS_CODES[status] ?? 'Error' } };
}

function statusOf({ code }: Failure, native: number): number {
  return code === 'recipient_suppressed' ? 422 : (VALIDATION_STATUSES[native] ?? native);
}

/** Every field at fault has its sentence; all attachments together have the one of the document. */
function sentenceOf({ code, message, errors = {}, details }: Failure): string {
  if (code === 'recipient_suppressed') return SUPPRESSED[reasonIn(details)];
  const sentences = Object.entries(errors).flatMap(([field, found]) =>
    /^(?:mail\.)?attachments(?:\.|$)/.test(field) ? UNREADABLE : found,
  );
  return [...new Set(sentences)].join(' ') || message;
}

/** A suppression that was lifted meanwhile has no reason. */
function reasonIn({ reason }: Failure['details'] = {}): SuppressionReason {
  const known = Object.keys(SUPPRESSED) as SuppressionReason[];
  return known.find((one) => one === reason) ?? 'manual';
}

const Uuid = Type.String({ format: 'uuid' });
const Refusal = Type.Object({ statusCode: Type.Integer(), message: Type.String(), error: Type.String() });
const refusals = { '4xx': Refusal, '5xx': Refusal } as const;

const AcceptedResponse = Type.Object({
  uuid: Uuid,
  additionalRecipients: Type.Optional(
    Type.Array(Type.Object({ uuid: Type.Optional(Uuid), error: Type.Optional(Type.String()) })),
  ),
  warning: Type.Optional(Type.String()),
});

/** The document shows no response: this one is Everpost's. */
const MailStatus = Type.Object({
  uuid: Uuid,
  state: Type.String(),
  to: Type.String(),
  subject: Type.String(),
  attempts: Type.Integer(),
  createdAt: Type.String(),
  updatedAt: Type.String(),
});

const schema = { tags: [tagOf('emailmassivo')], security: [{ 'x-api-key': [] }] };

/** EmailMassivo: external mails and the error messages of its document. */
export const emailmassivo: Dialect = {
  prefixes: ['/api/v1/external-mails'],
  credentials: {
    wanted: 'X-Api-Key: <key>',
    secretOf: ({ headers }) => secretIn(headers['x-api-key']),
    unknownKeyCode: 'key_unknown',
  },
  perSecondAndAddress: 10,
  toRefusal,
  routes: (api, deps) => {
    sending(api, deps);
    mailStatus(api, deps);
  },
};

function sending(api: Api, deps: Deps): void {
  const senderIn = (body: unknown) => (body as SendRequest).mail.from?.email;
  const options = { bodyLimit: bodyLimit(deps.config), config: { scope: 'send', senderIn } } as const;
  const responses = { 200: AcceptedResponse, ...refusals };
  api.post(
    '/send',
    { ...options, schema: { ...schema, summary: 'Send an email with ready HTML', body: Send, response: responses } },
    async (request) => sendMail(deps, principalOf(request), request.body),
  );
  api.post(
    '/send-by-template',
    {
      ...options,
      schema: { ...schema, summary: 'Send an email by a template', body: SendByTemplate, response: responses },
    },
    async (request) => sendMail(deps, principalOf(request), request.body),
  );
}

function mailStatus(api: Api, { messages }: Deps): void {
  api.get(
    '/:uuid',
    {
      config: { scope: 'read' },
      schema: {
        ...schema,
        summary: 'Retrieve the state of an email',
        params: Type.Object({ uuid: Type.String() }),
        response: { 200: MailStatus, ...refusals },
      },
    },
    async (request) => {
      const row = await messages.find(accountOf(request), request.params.uuid.toLowerCase());
      if (row === null) throw new Failure('not_found', undefined, 'MailUuid not found');
      const { _id: uuid, state, subject, attempt: attempts } = row;
      const [createdAt, updatedAt] = [timestamp(row.created_at), timestamp(row.updated_at)];
      return { uuid, state, to: row.to.email, subject, attempts, createdAt, updatedAt };
    },
  );
}

type Caller = Pick<Principal, 'account' | 'rootKey' | 'accountStatus'>;

async function sendMail(deps: Deps, sender: Caller, sendRequest: SendRequest) {
  const { request, dropped } = toNativeRequest(sendRequest);
  // An empty key is none.
  const key = sendRequest.idempotencyKey || undefined;
  const { primary, copies } = await accept(deps, sender, request, key);
  const warning = warningOf([
    ...(key === undefined ? [NO_KEY_WARNING] : []),
    ...(primary.warning === undefined ? [] : [primary.warning]),
    ...(dropped.length === 0 ? [] : [`These headers were left out: ${dropped.map(printable).join(', ')}.`]),
  ]);
  const additionalRecipients = copies.map(({ id, error }) =>
    id === undefined ? { error: COPY_FAULTS[error ?? ''] ?? UNAVAILABLE } : { uuid: id },
  );
  return { uuid: primary._id, ...(copies.length > 0 && { additionalRecipients }), ...warning };
}

const NO_KEY_WARNING = 'idempotencyKey was not provided: an equal email within an hour is taken for this one.';
const UNAVAILABLE = 'Email receiver unavailable';
const COPY_FAULTS: Readonly<Record<string, string>> = {
  invalid_address: 'Invalid email address',
  already_a_recipient: 'Email receiver is named before',
  not_in_earlier_message: 'This email was accepted before without this recipient',
};

function warningOf(sentences: readonly string[]): { warning?: string } {
  return sentences.length === 0 ? {} : { warning: sentences.join(' ') };
}

function printable(name: string): string {
  return name.replace(/[^\x20-\x7e]/g, '?').slice(0, 76);
}

/** Opt-outs are kept for each key and its rotations. An Idempotency-Key contains no blank, so it never equals an idempotencyKey. */
async function accept(
  deps: Deps,
  { account, rootKey, accountStatus }: Caller,
  request: MessageRequest,
  given: string | undefined,
): Promise<AcceptedMessage> {
  const hash = given === undefined ? undefined : createHash('sha256').update(given).digest('hex');
  const keyed = hash === undefined ? {} : { key: `emailmassivo ${hash}`, firstWins: true };
  const options = {
    account,
    plan: accountStatus.plan,
    detectRepeats: true,
    anyHeader: true,
    optOutKey: rootKey,
    ...keyed,
  };
  return acceptMessage(deps, request, options);
}
