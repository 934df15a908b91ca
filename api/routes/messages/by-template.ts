import { brandOf } from '../../../domain/brand.js';
import type { CustomHeaders } from '../../../domain/custom-headers.js';
import { Failure, type FieldErrors } from '../../../domain/errors.js';
import type { MessageByTemplate } from '../../../domain/message.js';
import { chosenLanguage, type TemplateEdition } from '../../../domain/template.js';
import { type Filled, filled } from '../../../mail/filling.js';
import type { Template } from '../../../store/templates.js';
import type { Deps } from '../../deps.js';
import type { MessageRequest } from '../../schemas/message.js';
import { mailboxOf, type Named } from './copies.js';

/** What a message says, wherever that comes from. */
export interface Said {
  readonly subject: string;
  readonly preheader: string | null;
  readonly html: string | null;
  readonly text: string | null;
  readonly headers: CustomHeaders;
  readonly template?: MessageByTemplate;
  /** What the caller should know although the message was accepted. */
  readonly warning?: string;
}

type TemplateDeps = Pick<Deps, 'accounts' | 'members' | 'press' | 'templates'>;
type Environment = MessageByTemplate['environment'];

const MOST_CONTEXT = 256 * 1024;

export function isByTemplate({ template_id, identifier }: MessageRequest): boolean {
  return template_id !== undefined || identifier !== undefined;
}

/**
 * Fills a template when the message is accepted: what it says never changes afterwards. `draft` is for members only,
 * `testing` for anybody and marked, `live` says what is published.
 */
export async function saidByTemplate(
  deps: TemplateDeps,
  account: number,
  request: MessageRequest,
  reached: readonly Named[],
): Promise<Said> {
  const { environment = 'live', context = {} } = request;
  demandNone(faultsOf(request));
  const row = await templateOf(deps, account, request);
  if (environment === 'draft') await demandMembers(deps, account, reached);
  const { edition, version } = await editionOf(deps, account, row, environment);
  const chosen = chosenLanguage(edition, request.language);
  if (chosen === undefined) throw new Error(`template ${row._id} lacks its own language`);
  const brand = brandOf(await deps.accounts.settings(account));
  const key = version === null ? `${row._id}:d${row.drafted}` : `${row._id}:v${version}`;
  const parts = await deps.press.partsOf({ ...chosen, edition: key, brand });
  const to = mailboxOf(request.to);
  const said = filled(parts, { email: to.email, name: to.name ?? '', ...context });
  if (typeof said === 'string') throw new Failure('not_renderable', { context: [said] });
  const template = { id: row._id, version, language: chosen.language, environment };
  return { ...asMarked(request, said, environment), ...warningOf(said, environment), template };
}

async function templateOf({ templates }: TemplateDeps, account: number, request: MessageRequest): Promise<Template> {
  const { template_id, identifier = '' } = request;
  if (template_id === undefined) {
    const called = await templates.called(account, identifier);
    if (called !== null) return called;
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

async function demandMembers({ members }: TemplateDeps, account: number, reached: readonly Named[]): Promise<void> {
  const keys = reached.flatMap(({ address }) => address?.identity ?? []);
  const known = await members.among(account, keys);
  if (keys.some((key) => !known.has(key))) throw new Failure('receiver_not_a_member');
}

/** The caller's subject and preheader win; a test can be told from the real thing. */
function asMarked(request: MessageRequest, said: Filled, environment: Environment): Said {
  const subject = (request.subject ?? said.subject).replace(/\p{Cc}+/gu, ' ').trim();
  if (subject === '') throw new Failure('validation_failed', { subject: ['The subject field is required.'] });
  const mark = environment === 'testing' ? '[Test] ' : '';
  const headers = environment === 'live' ? {} : { 'X-Everpost-Environment': environment };
  const preheader = request.preheader ?? said.preheader;
  return { subject: `${mark}${subject}`.slice(0, 998), preheader, html: said.html, text: said.text, headers };
}

/** What is missing in a trial is an error; what goes out for real goes out, and says so. */
function warningOf({ missing }: Filled, environment: Environment): Pick<Said, 'warning'> {
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
    ...(JSON.stringify(context).length > MOST_CONTEXT && { context: ['The context must not have more than 256 KiB.'] }),
  };
}

function demandNone(faults: FieldErrors): void {
  if (Object.keys(faults).length > 0) throw new Failure('validation_failed', faults);
}
