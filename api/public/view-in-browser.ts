import { Type } from 'typebox';
import { bodiesOf } from '../../mail/letter/document.js';
import { type LinkOwner, linkTokens } from '../../mail/tokens/link-tokens.js';
import { contentOf } from '../../services/letters/compiled-letters.js';
import { asRecipient } from '../../services/letters/preview-letter.js';
import type { Api } from '../api.js';
import type { Deps } from '../wiring.js';
import type { ReadLink } from './link-reader.js';
import { pageStyleFor, sendInvalidLink, sendTextPage } from './page.js';
import { PAGE } from './schema.js';
import { sendMailAsPage } from './untrusted-mail.js';

const schema = { tags: ['Public pages'], params: Type.Object({ token: Type.String() }), security: [], response: PAGE };

/** Shows the mail as its recipient received it. Views are not recorded, and links are untracked. */
export function viewInBrowser(app: Api, deps: Deps, readLink: ReadLink): void {
  app.get(
    '/v/:token',
    { schema: { ...schema, summary: 'Show a mail as its recipient received it' } },
    async (request, reply) => {
      const owner = await readLink(request.params.token);
      if (owner === undefined) return sendInvalidLink(deps, request, reply);
      const html = await mailOf(deps, owner);
      if (html !== undefined) return sendMailAsPage(reply, html);
      return sendTextPage(reply, await pageStyleFor(deps, request), {
        status: 404,
        title: 'no_mail_title',
        text: 'no_mail_text',
      });
    },
  );
}

/** The HTML of a mail for its recipient, filled from the same slots as the mail, without tracking. */
async function mailOf(deps: Deps, owner: LinkOwner): Promise<string | undefined> {
  const person = await deps.subscribers.ofLink(owner.subscriber);
  if (person === null) return undefined;
  const campaign = await deps.campaigns.find(person.account, owner.campaign);
  const list = campaign === null ? 'missing' : await deps.lists.find(person.account, campaign.list_id);
  if (campaign === null || campaign.launched_at === null || typeof list === 'string') return undefined;
  const content = await contentOf(deps, campaign, list);
  const token = linkTokens(await deps.linkKeys.ring()).forRecipient(campaign._id, person._id);
  const recipient = asRecipient({ ...person, id: person._id });
  const letter = { ...bodiesOf(content), subject: content.subject, preheader: null };
  const { publicUrl } = deps.config;
  const filled = await deps.tasks.personal(person.account, { letter, fields: { recipient, publicUrl, token } });
  return 'fault' in filled ? undefined : filled.html;
}
