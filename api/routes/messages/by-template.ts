import { brandOf } from '../../../domain/brand/brand.js';
import { Failure, type FieldErrors } from '../../../domain/errors.js';
import type { CustomHeaders } from '../../../domain/mail/custom-headers.js';
import type { MessageByTemplate } from '../../../domain/message/message.js';
import { matchLanguage, type TemplateEdition } from '../../../domain/template.js';
import { type FilledParts, fillParts } from '../../../mail/liquid/fill-parts.js';
import type { Template } from '../../../store/templates/templates.js';
import type { Deps } from '../../wiring.js';
import { mailboxOf, type NamedRecipient } from './recipients.js';
import type { MessageRequest } from './schema.js';

/** What a message says, wherever that comes from. */
export interface MessageBody {
  readonly subject: string;
  readonly preheader: string | null;
  readonly html: string | null;
  readonly text: string | null;
  readonly headers: CustomHeaders;
  readonly template?: MessageByTemplate;
  /** What the caller should know although the message was accepted. */
  readonly warning?: string;
}

type TemplateDeps = Pick<Deps, 'accounts' | 'members' | 'templateCache' | 'templates'>;
type Environment = MessageByTemplate['environment'];

const MAX_CONTEXT_BYTES = 256 * 1024;

export function usesTemplate({ template_id, identifier }: MessageRequest): boolean {
  return template_id !== undefined || identifier !== undefined;
}

/**
 * Fills a template when the message is accepted: what it says never changes afterwards. `draft` is for members only,
 * `testing` for anybody and marked, `live` says what is published.
 */
export async function bodyFromTemplate(
  deps: TemplateDeps,
  account: number,
  request: MessageRequest,
  recipients: readonly NamedRecipient[],
): Promise<MessageBody> {
  const { environment = 'live', context = {} } = request;
  demandNoFaults(faultsOf(request));
  const row = await templateOf(deps, account, request);
  if (environment === 'draft') await demandMembers(deps, account, recipients);
  const { edition, version } = await editionOf(deps, account, row, environment);
  const chosen = matchLanguage(edition, request.language);
  if (chosen === undefined) throw new Error(`template ${row._id} lacks its own language`);
  const brand = brandOf(await deps.accounts.settings(account));
  const key = version === null ? `${row._id}:d${row.drafted}` : `${row._id}:v${version}`;
  const parts = await deps.templateCache.partsOf({ ...chosen, contentKey: key, brand });
  const to = mailboxOf(request.to);
  const filledTemplate = fillParts(parts, { email: to.email, name: to.name ?? '', ...context });
  if ('fault' in filledTemplate) throw new Failure(filledTemplate.code, { context: [filledTemplate.fault] });
  const template = { id: row._id, version, language: chosen.language, environment };
  return { ...markedBody(request, filledTemplate, environment), ...warningOf(filledTemplate, environment), template };
}

async function templateOf({ templates }: TemplateDeps, account: number, request: MessageRequest): Promise<Template> {
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
  { templates }: TemplateDeps,
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
  { members }: TemplateDeps,
  account: number,
  recipients: readonly NamedRecipient[],
): Promise<void> {
  const keys = recipients.flatMap(({ address }) => address?.identity ?? []);
  const known = await members.among(account, keys);
  if (keys.some((key) => !known.has(key))) throw new Failure('receiver_not_a_member');
}

/** The caller's subject and preheader win; a test can be told from the real thing. */
function markedBody(request: MessageRequest, filledTemplate: FilledParts, environment: Environment): MessageBody {
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
    headers,
  };
}

/** What is missing in a trial is an error; what goes out for real goes out, and says so. */
function warningOf({ missing }: FilledParts, environment: Environment): Pick<MessageBody, 'warning'> {
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

function demandNoFaults(faults: FieldErrors): void {
  if (Object.keys(faults).length > 0) throw new Failure('validation_failed', faults);
}
