import { isSystemTemplate } from '../../../domain/template.js';
import { defaultTemplate } from '../../../services/letters/default-template.js';
import type { Template, TemplateSummary } from '../../../store/templates/row.js';
import { timestamp, timestampOrNull } from '../../timestamp.js';
import type { Deps } from '../../wiring.js';
import { contentsView } from './contents.js';
import type { IntegrationExampleResponse, TemplateRowResponse } from './schema.js';

/** A template with the contents of its draft and an example request that sends a message with it. */
export async function templateView(deps: Deps, account: number, row: Template) {
  const { id: defaultId } = await defaultTemplate(deps, account);
  const summary = templateRowView(row, defaultId);
  return { data: { ...summary, contents: contentsView(row.contents), ...(await integrationExamples(deps, row)) } };
}

export function templateRowView(row: TemplateSummary, defaultId: number): TemplateRowResponse {
  const { _id: id, name, category, identifier, default_language, revision, drafted, published } = row;
  return {
    id,
    name,
    category,
    is_system: isSystemTemplate(id),
    is_default: id === defaultId,
    identifier,
    default_language,
    revision,
    published_version: published?.version ?? null,
    published_at: isSystemTemplate(id) ? null : timestampOrNull(published?.at ?? null),
    has_unpublished_changes: published?.drafted !== drafted,
    created_at: timestamp(row.created_at),
    updated_at: timestamp(row.updated_at),
  };
}

/** Requests that send a message with the template: the native one, and that of mailbindr for a template with an identifier. */
async function integrationExamples({ config: { publicUrl, dialects }, tasks }: Deps, row: Template) {
  const content = row.contents[row.default_language];
  const texts = [content?.subject, content?.preheader, content?.source, content?.text].flatMap((text) => text ?? []);
  const { identifier } = row;
  const filled = {
    language: row.default_language,
    environment: row.published === null ? 'testing' : 'live',
    context: await tasks.sample(row.account, texts),
  };
  const template = identifier === null ? { template_id: row._id } : { identifier };
  const native = { to: RECIPIENT, ...template, ...filled };
  const hasMailbindr = identifier !== null && dialects.includes('mailbindr');
  return {
    request: example(`${publicUrl}/api/v1/messages`, { authorization: 'Bearer YOUR_API_KEY' }, native),
    mailbindr_request: hasMailbindr
      ? example(
          `${publicUrl}/email/send-email/`,
          { 'X-Api-Token': 'YOUR_API_KEY' },
          { identifier, receiver: RECIPIENT, ...filled },
        )
      : null,
  };
}

const RECIPIENT = 'ada@example.org';

function example(
  url: string,
  keyHeader: Readonly<Record<string, string>>,
  body: Readonly<Record<string, unknown>>,
): IntegrationExampleResponse {
  const headers = { ...keyHeader, 'content-type': 'application/json' };
  const headerArguments = Object.entries(headers).map(([name, value]) => ` -H '${name}: ${value}'`);
  // A quote would end the quoted word in a shell.
  const quoted = JSON.stringify(body).replaceAll("'", "'\\''");
  return {
    method: 'POST',
    url,
    headers,
    body,
    curl: `curl -X POST '${url}'${headerArguments.join('')} -d '${quoted}'`,
  };
}
