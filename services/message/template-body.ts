import type { Config } from '../../config.js';
import { brandOf } from '../../domain/brand/brand.js';
import { demandNoFaults, Failure, type FieldErrors } from '../../domain/errors.js';
import type { CustomHeaders } from '../../domain/mail/custom-headers.js';
import type { MessageByTemplate, MessageRequest } from '../../domain/message/message.js';
import { matchLanguage, type TemplateEdition } from '../../domain/template.js';
import { parseMailbox } from '../../mail/address.js';
import type { TextPart } from '../../mail/letter/text/text-part.js';
import type { TextTasks } from '../../mail/tasks/text-tasks.js';
import type { Accounts } from '../../store/accounts/accounts.js';
import type { Members } from '../../store/accounts/members.js';
import type { Template } from '../../store/templates/row.js';
import type { Templates } from '../../store/templates/templates.js';
import { accountSender } from '../sender.js';
import type { TemplateCache } from '../template-cache.js';
import { type FilledTemplate, fillTemplate } from './fill-template.js';
import { type MailableRecipient, mailboxOf, type Recipients } from './recipients.js';

/** The body of a message, as given or filled from a template. */
export interface MessageBody {
  readonly subject: string;
  readonly preheader: string | null;
  readonly html: string | null;
  readonly text: string | null;
  /** Where the links of a text stand that was made from the HTML; absent: the text is the caller's. */
  readonly textLinks?: TextPart['links'];
  readonly headers: CustomHeaders;
  readonly template?: MessageByTemplate;
  /** Shown to the caller although the message is accepted. */
  readonly warning?: string;
}

export interface TemplateStores {
  readonly config: Pick<Config, 'mailFrom'>;
  readonly accounts: Accounts;
  readonly members: Members;
  readonly templates: Templates;
  readonly renderer: TemplateCache;
  readonly tasks: TextTasks;
}

type Environment = MessageByTemplate['environment'];

export const MAX_CONTEXT_BYTES = 256 * 1024;

export function usesTemplate({ template_id, identifier }: MessageRequest): boolean {
  return template_id !== undefined || identifier !== undefined;
}

/**
 * Fills a template at acceptance; the content never changes afterwards. `draft` uses the draft and may go to members
 * only, `testing` uses the draft and marks the mail, `live` uses the published version.
 */
export async function bodyFromTemplate(
  deps: TemplateStores,
  account: number,
  request: MessageRequest,
  recipients: Recipients<MailableRecipient>,
): Promise<MessageBody> {
  const { environment = 'live', context = {} } = request;
  demandNoFaults(faultsOf(request));
  const row = await templateOf(deps, account, request);
  if (environment === 'draft') await demandMembers(deps, account, recipients);
  const { edition, version } = await editionOf(deps, account, row, environment);
  const chosen = matchLanguage(edition, request.language);
  if (chosen === undefined) throw new Error(`template ${row._id} lacks its own language`);
  const from = request.from == null ? await accountSender(deps, account) : mailboxOf(request.from);
  const brand = brandOf(await deps.accounts.settings(account), [from.name, parseMailbox(from.email)?.domain ?? null]);
  const key = version === null ? `${row._id}:d${row.drafted}` : `${row._id}:v${version}`;
  const parts = await deps.renderer.partsOf(account, { ...chosen, contentKey: key, brand });
  const to = recipients[0].mailbox;
  const values = { email: to.email, name: to.name ?? '', ...context };
  const filledTemplate = await fillTemplate(deps.tasks, account, parts, values);
  const template = { id: row._id, version, language: chosen.language, environment };
  return { ...markedBody(request, filledTemplate, environment), ...warningOf(filledTemplate, environment), template };
}

async function templateOf({ templates }: TemplateStores, account: number, request: MessageRequest): Promise<Template> {
  const { template_id, identifier = '' } = request;
  if (template_id === undefined) {
    const byIdentifier = await templates.findByIdentifier(account, identifier);
    if (byIdentifier !== null) return byIdentifier;
    throw new Failure('template_not_found', { identifier: ['The selected identifier is invalid.'] });
  }
  const found = await templates.find(account, template_id);
  if (typeof found === 'object') return found;
  throw new Failure('template_not_found', { template_id: ['The selected template_id is invalid.'] });
}

async function editionOf(
  { templates }: TemplateStores,
  account: number,
  row: Template,
  environment: Environment,
): Promise<{ readonly edition: TemplateEdition; readonly version: number | null }> {
  if (environment !== 'live') return { edition: row, version: null };
  if (row.published === null) throw new Failure('template_not_published');
  const { version } = row.published;
  const edition = await templates.version(account, row._id, version);
  if (edition === null) throw new Error(`version ${version} of template ${row._id} is not in the store`);
  return { edition, version };
}

async function demandMembers(
  { members }: TemplateStores,
  account: number,
  recipients: readonly MailableRecipient[],
): Promise<void> {
  const keys = recipients.map(({ address }) => address.identity);
  const known = await members.among(account, keys);
  if (keys.some((key) => !known.has(key))) {
    const sentence = 'Drafts go to members of the account only; use testing or live, or add a member.';
    throw new Failure('receiver_not_a_member', undefined, sentence);
  }
}

/** The caller's subject and preheader win over those of the template. A test is marked in its subject and a header. */
function markedBody(request: MessageRequest, filledTemplate: FilledTemplate, environment: Environment): MessageBody {
  const subject = (request.subject ?? filledTemplate.subject).replace(/\p{Cc}+/gu, ' ').trim();
  if (subject === '') throw new Failure('validation_failed', { subject: ['The subject field is required.'] });
  const mark = environment === 'testing' ? '[Test] ' : '';
  const headers = environment === 'live' ? {} : { 'X-Everpost-Environment': environment };
  const preheader = request.preheader ?? filledTemplate.preheader;
  return {
    subject: `${mark}${subject}`.slice(0, 998),
    preheader,
    html: filledTemplate.html,
    text: filledTemplate.text,
    ...(filledTemplate.textLinks !== undefined && { textLinks: filledTemplate.textLinks }),
    headers,
  };
}

/** Missing variables are an error in a test; a live message is sent with a warning. */
function warningOf({ missing }: FilledTemplate, environment: Environment): Pick<MessageBody, 'warning'> {
  if (missing.length === 0) return {};
  if (environment === 'live') return { warning: `The context lacks ${missing.join(', ')}: empty in this mail.` };
  const fields = missing.map((name) => [`context.${name}`, [`The context.${name} field is required.`]] as const);
  throw new Failure('missing_variables', Object.fromEntries(fields.slice(0, 20)));
}

function faultsOf({ template_id, identifier, html, text, context = {} }: MessageRequest): FieldErrors {
  const both = template_id !== undefined && identifier !== undefined;
  const own = (field: string) => [`The ${field} field cannot be used together with a template.`];
  return {
    ...(both && { identifier: ['The identifier field cannot be used together with template_id.'] }),
    ...(html != null && { html: own('html') }),
    ...(text != null && { text: own('text') }),
    ...(JSON.stringify(context).length > MAX_CONTEXT_BYTES && {
      context: ['The context must not have more than 256 KiB.'],
    }),
  };
}
