import { Type } from 'typebox';
import type { LinkOwner } from '../../mail/tokens.js';
import type { Api } from '../app.js';
import type { Deps } from '../deps.js';
import { admitFailure } from '../failures.js';
import { linkReader, type ReadLink } from './link-reader.js';
import { type PublicPage, sendPage } from './page.js';

const BODY_LIMIT = 16 * 1024;

const FORGED: PublicPage = {
  title: 'This link is not valid',
  message: 'It may have been cut off on its way. Please use the link in the mail itself.',
};

const TROUBLE: PublicPage = {
  title: 'This did not work',
  message: 'You may still be subscribed. Please try again in a few minutes with the link in the mail.',
};

const schema = { tags: ['Public pages'], params: Type.Object({ token: Type.String() }), security: [] };

/**
 * Where a recipient leaves. GET only ever shows a page: scanners follow links. POST is RFC 8058's one click: no cookie,
 * no key, no redirect, the same answer however often it comes.
 */
export function unsubscribe(app: Api, deps: Deps): void {
  acceptAnyBody(app);
  app.setErrorHandler((error, request, reply) => {
    admitFailure(error, request, reply);
    return sendPage(reply, reply.statusCode, TROUBLE);
  });
  const readLink = linkReader(deps.secrets);
  showPage(app, deps, readLink);
  leaveWithOneClick(app, deps, readLink);
}

function showPage(app: Api, deps: Deps, readLink: ReadLink): void {
  app.get('/u/:token', { schema: { ...schema, summary: 'Ask before unsubscribing' } }, async (request, reply) => {
    const owner = await readLink(request.params.token);
    if (owner === undefined) return sendPage(reply, 404, FORGED);
    const { name, subscribed } = await subscriptionOf(deps, owner);
    return sendPage(reply, 200, subscribed ? question(name) : farewell(name));
  });
}

function leaveWithOneClick(app: Api, deps: Deps, readLink: ReadLink): void {
  app.post('/u/:token', { schema: { ...schema, summary: 'Unsubscribe (RFC 8058)' } }, async (request, reply) => {
    const byPerson = typeof request.body === 'string' && /(?:^|&)from=page(?:&|$)/.test(request.body);
    const owner = await readLink(request.params.token);
    if (owner === undefined) return byPerson ? sendPage(reply, 404, FORGED) : reply.code(404).send();
    const { name } = await subscriptionOf(deps, owner);
    const campaign = owner.campaign === 0 ? {} : { campaign: owner.campaign };
    await deps.subscribers.leaveByLink(owner.subscriber, { by: byPerson ? 'link' : 'one_click', ...campaign });
    return byPerson ? sendPage(reply, 200, farewell(name)) : reply.code(200).send();
  });
}

/** The body says nothing that the token does not say: mail programs send it as a form, as multipart or not at all. */
function acceptAnyBody(app: Api): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'string', bodyLimit: BODY_LIMIT }, (_request, body, done) => {
    done(null, body);
  });
}

async function subscriptionOf({ subscribers, lists }: Deps, { subscriber }: LinkOwner) {
  const row = await subscribers.ofLink(subscriber);
  if (row === null) return { name: undefined, subscribed: false };
  const list = await lists.find(row.account, row.list_id);
  return { name: typeof list === 'object' ? list.name : undefined, subscribed: row.status === 'active' };
}

function question(name: string | undefined): PublicPage {
  return {
    title: `Unsubscribe from ${name ?? 'this list'}?`,
    message: 'You will get no further mails from this list. Other lists are not affected.',
    button: 'Unsubscribe',
  };
}

function farewell(name: string | undefined): PublicPage {
  return {
    title: 'You are unsubscribed',
    message: `You get no further mails from ${name ?? 'this list'}. You can close this page.`,
  };
}
