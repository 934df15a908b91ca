import type { FastifyReply, FastifyRequest } from 'fastify';
import { type Static, Type } from 'typebox';
import { html } from '../../domain/html.js';
import type { Api } from '../api.js';
import { preferredType, varyByAccept } from '../preferred-type.js';
import type { Deps } from '../wiring.js';
import { NO_BRAND, sendPage } from './page.js';
import { pageOr } from './schema.js';

const Addresses = Type.Object({
  api: Type.String(),
  docs: Type.String(),
  openapi: Type.String(),
  temporal_ui: Type.Optional(Type.String({ description: 'Of the Temporal that this process has started.' })),
  inbox: Type.Optional(Type.String({ description: 'Of the inbox that this process has started.' })),
});

const RESPONSE = {
  200: { description: 'The addresses.', content: pageOr(Type.Object({ data: Addresses })) },
} as const;

/** The page at `/`, for people who open the address of the API; programs that prefer JSON get the same addresses. */
export function home(app: Api, deps: Deps): void {
  app.get(
    '/',
    { schema: { tags: ['Operations'], summary: 'Show the addresses', security: [], response: RESPONSE } },
    async (request, reply) => {
      reply.header('vary', varyByAccept(reply.getHeader('vary')));
      return prefersJson(request) ? { data: addressesOf(deps) } : sendHome(reply, deps);
    },
  );
}

function prefersJson({ headers }: FastifyRequest): boolean {
  return preferredType(headers.accept, ['text/html', 'application/json']) === 'application/json';
}

function addressesOf({ config: { publicUrl }, ownServers }: Deps): Static<typeof Addresses> {
  const { temporalUi, inboxUrl } = ownServers ?? {};
  return {
    api: `${publicUrl}/api/v1`,
    docs: `${publicUrl}/docs`,
    openapi: `${publicUrl}/openapi.json`,
    ...(temporalUi !== undefined && { temporal_ui: temporalUi }),
    ...(inboxUrl !== undefined && { inbox: inboxUrl }),
  };
}

/** Own links are relative: they work at whatever address the page was opened. */
function sendHome(reply: FastifyReply, deps: Deps): FastifyReply {
  const { api, temporal_ui, inbox } = addressesOf(deps);
  const links = [
    ['docs', 'API documentation'],
    ['openapi.json', 'OpenAPI document'],
    [temporal_ui, 'Temporal UI'],
    [inbox, 'Inbox'],
  ].flatMap(([href, name]) => (href === undefined ? [] : [html`<li><a href="${href}">${name}</a></li>\n`]));
  const body = html`<p>The API is at <code>${api}</code>. Requests need a key.</p>
<ul class="rows">
${links}</ul>`;
  return sendPage(reply, 200, { language: 'en', brand: NO_BRAND, title: 'Everpost', body, languageChoice: false });
}
