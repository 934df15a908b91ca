import type { FastifyReply } from 'fastify';
import PostalMime from 'postal-mime';
import { Type } from 'typebox';
import type { CompiledLetter } from '../../mail/letter/compile.js';
import type { Recipient } from '../../mail/letter/letter.js';
import { spliceMail } from '../../mail/letter/splice.js';
import { type LinkOwner, type LinkTokens, linkTokens } from '../../mail/tokens/link-tokens.js';
import { compiledLetters, type Letters } from '../../services/letters/compiled-letters.js';
import type { Api } from '../api.js';
import type { Deps } from '../wiring.js';
import type { ReadLink } from './link-reader.js';
import { PRIVATE_HEADERS, pageStyleFor, sendInvalidLink, sendTextPage } from './page.js';
import { PAGE } from './schema.js';

const schema = { tags: ['Public pages'], params: Type.Object({ token: Type.String() }), security: [], response: PAGE };

/** The mail is untrusted markup under our domain: it runs no script, submits no form and has no origin. */
const POLICY = [
  'sandbox allow-popups allow-popups-to-escape-sandbox allow-top-navigation-by-user-activation',
  "default-src 'none'",
  'img-src http: https: data:',
  "style-src 'unsafe-inline' http: https:",
  'font-src http: https: data:',
  "form-action 'none'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** Shows the mail as its recipient received it. Views are not recorded, and links are untracked. */
export function viewInBrowser(app: Api, deps: Deps, readLink: ReadLink): void {
  const letters = compiledLetters(deps, 'plain');
  app.get(
    '/v/:token',
    { schema: { ...schema, summary: 'Show a mail as its recipient received it' } },
    async (request, reply) => {
      const owner = await readLink(request.params.token);
      if (owner === undefined) return sendInvalidLink(deps, request, reply);
      const html = await mailOf(deps, owner, letters);
      if (html !== undefined) return sendMail(reply, html);
      return sendTextPage(reply, await pageStyleFor(deps, request), {
        status: 404,
        title: 'no_mail_title',
        text: 'no_mail_text',
      });
    },
  );
}

async function mailOf(deps: Deps, owner: LinkOwner, letters: Letters): Promise<string | undefined> {
  const person = await deps.subscribers.ofLink(owner.subscriber);
  if (person === null) return undefined;
  const campaign = await deps.campaigns.find(person.account, owner.campaign);
  const list = campaign === null ? 'missing' : await deps.lists.find(person.account, campaign.list_id);
  if (campaign === null || campaign.launched_at === null || typeof list === 'string') return undefined;
  const links = linkTokens(await deps.linkKeys.ring());
  const recipient = { ...person, id: person._id };
  return recipientHtml(await letters.of(campaign), recipient, campaign.launched_at, links);
}

function sendMail(reply: FastifyReply, html: string): FastifyReply {
  return reply
    .headers({ ...PRIVATE_HEADERS, 'content-security-policy': POLICY })
    .type('text/html; charset=utf-8')
    .serializer((markup: string) => markup)
    .send(html);
}

/** The HTML of a letter for one recipient, read back from the spliced mail so that the two cannot differ. */
async function recipientHtml(
  compiled: CompiledLetter,
  recipient: Recipient,
  at: Date,
  links: LinkTokens,
): Promise<string | undefined> {
  const mail = spliceMail(compiled, recipient, at, links);
  if (mail.kind !== 'mail') return undefined;
  return (await PostalMime.parse(Buffer.concat(mail.chunks))).html;
}
