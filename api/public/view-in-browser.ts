import type { FastifyReply } from 'fastify';
import { LRUCache } from 'lru-cache';
import PostalMime from 'postal-mime';
import { Type } from 'typebox';
import { type CompiledLetter, compileLetter } from '../../mail/letter/compile.js';
import type { Recipient } from '../../mail/letter/letter.js';
import { spliceMail } from '../../mail/letter/splice.js';
import { type LinkOwner, type LinkTokens, linkTokens } from '../../mail/tokens/link-tokens.js';
import { launchSender } from '../../services/sender.js';
import type { Campaign } from '../../store/campaigns/row.js';
import type { List } from '../../store/lists/lists.js';
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

const MAX_LETTERS = 8;

/** Shows the mail as its recipient received it. Views are not recorded, and links are untracked. */
export function viewInBrowser(app: Api, deps: Deps, readLink: ReadLink): void {
  const letterOf = plainLetters(deps);
  app.get(
    '/v/:token',
    { schema: { ...schema, summary: 'Show a mail as its recipient received it' } },
    async (request, reply) => {
      const owner = await readLink(request.params.token);
      if (owner === undefined) return sendInvalidLink(deps, request, reply);
      const html = await mailOf(deps, owner, letterOf);
      if (html !== undefined) return sendMail(reply, html);
      return sendTextPage(reply, await pageStyleFor(deps, request), {
        status: 404,
        title: 'no_mail_title',
        text: 'no_mail_text',
      });
    },
  );
}

async function mailOf(deps: Deps, owner: LinkOwner, letterOf: LetterOf): Promise<string | undefined> {
  const person = await deps.subscribers.ofLink(owner.subscriber);
  if (person === null) return undefined;
  const campaign = await deps.campaigns.find(person.account, owner.campaign);
  const list = campaign === null ? 'missing' : await deps.lists.find(person.account, campaign.list_id);
  if (campaign === null || campaign.launched_at === null || typeof list === 'string') return undefined;
  const links = linkTokens(await deps.linkKeys.ring());
  const recipient = { ...person, id: person._id };
  return recipientHtml(await letterOf(campaign, list), recipient, campaign.launched_at, links);
}

type LetterOf = (campaign: Campaign, list: List) => Promise<CompiledLetter>;

/** Caches the last few compiled campaigns without tracking. */
function plainLetters(deps: Deps): LetterOf {
  const cache = new LRUCache<string, CompiledLetter>({ max: MAX_LETTERS });
  return async (campaign, list) => {
    const key = `${campaign._id}:${campaign.launch}:${campaign.pinned}`;
    const letter = cache.get(key) ?? (await compiled(deps, campaign, list));
    cache.set(key, letter);
    return letter;
  };
}

async function compiled(deps: Deps, campaign: Campaign, list: List): Promise<CompiledLetter> {
  const { _id, account, subject, preheader, html, text, seed, rendered } = campaign;
  const from = await launchSender(deps, campaign);
  const pinned = rendered == null ? undefined : await deps.contents.letter(account, rendered);
  const content =
    pinned === undefined ? { preheader, html, text } : { preheader: null, html: pinned.html, text: pinned.text };
  const named = { id: list._id, uid: list.uid, name: list.name };
  return compileLetter({
    account,
    campaign: _id,
    subject,
    ...content,
    from,
    replyTo: null,
    list: named,
    publicUrl: deps.config.publicUrl,
    boundarySeed: seed,
  });
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
