import { isSystemTemplate } from '../../../domain/template.js';
import { defaultTemplate } from '../../../services/letters/default-template.js';
import type { Template, TemplateSummary } from '../../../store/templates/row.js';
import { timestamp, timestampOrNull } from '../../timestamp.js';
import type { Deps } from '../../wiring.js';
import { contentsView } from './contents.js';
import type { IntegrationExampleResponse, TemplateRowResponse } from './schema.js';

/** A template with the contents of its draft and an example request that sends a message with it. */
export async function templateView(deps: Deps, account: number, row: Template) {
  const summary = templateRowView(row, await defaultTemplate(deps, account));
  const request = await integrationExample(deps, row);
  return { data: { ...summary, contents: contentsView(row.contents), request } };
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

async function integrationExample({ config, tasks }: Deps, row: Template): Promise<IntegrationExampleResponse> {
  const content = row.contents[row.default_language];
  const texts = [content?.subject, content?.preheader, content?.source, content?.text].flatMap((text) => text ?? []);
  const body = {
    to: 'ada@example.org',
    ...(row.identifier === null ? { template_id: row._id } : { identifier: row.identifier }),
    language: row.default_language,
    environment: row.published === null ? 'testing' : 'live',
    context: await tasks.sample(texts),
  };
  const url = `${config.publicUrl}/api/v1/messages`;
  const headers = { authorization: 'Bearer YOUR_API_KEY', 'content-type': 'application/json' };
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
