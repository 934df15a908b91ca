import { Type } from 'typebox';
import { now } from '../../clock.js';
import type { PreviewLink } from '../../mail/tokens/link-tokens.js';
import type { Api } from '../api.js';
import { campaignPreview } from '../routes/campaigns/previews/rendering.js';
import { templatePreview } from '../routes/templates/preview.js';
import type { PreviewResponse } from '../schema/preview.js';
import type { Deps } from '../wiring.js';
import type { ReadPreviewLink } from './link-reader.js';
import { pageStyleFor, sendInvalidLink, sendTextPage } from './page.js';
import { PAGE } from './schema.js';
import { sendMailAsPage } from './untrusted-mail.js';

const schema = { tags: ['Public pages'], params: Type.Object({ token: Type.String() }), security: [], response: PAGE };

/** Shows a campaign or a template as it is now, until the link expires. The links in the mail contain no token. */
export function preview(app: Api, deps: Deps, readLink: ReadPreviewLink): void {
  app.get(
    '/preview/:token',
    { schema: { ...schema, summary: 'Show the preview of a campaign or a template' } },
    async (request, reply) => {
      const link = await readLink(request.params.token);
      if (link === undefined) return sendInvalidLink(deps, request, reply);
      if (link.expires_at <= now()) {
        const style = await pageStyleFor(deps, request);
        return sendTextPage(reply, style, { status: 410, title: 'preview_over_title', text: 'preview_over_text' });
      }
      const shown = await previewOf(deps, link);
      return shown === undefined ? sendInvalidLink(deps, request, reply) : sendMailAsPage(reply, shown.html);
    },
  );
}

/** Undefined where the campaign, its subscriber or the template was deleted. */
async function previewOf(deps: Deps, link: PreviewLink): Promise<PreviewResponse | undefined> {
  if ('template' in link) {
    const row = await deps.templates.find(link.account, link.template);
    return row === null || typeof row === 'string' ? undefined : templatePreview(deps, link.account, row, {});
  }
  const row = await deps.campaigns.ofLink(link.campaign);
  if (row === null) return undefined;
  if (link.subscriber === 0) return campaignPreview(deps, row, {});
  const person = await deps.subscribers.find(row.account, link.subscriber);
  const isOnList = typeof person === 'object' && person?.list_id === row.list_id;
  return isOnList ? campaignPreview(deps, row, { subscriber_id: link.subscriber }) : undefined;
}
