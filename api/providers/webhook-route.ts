import type { FastifyReply, FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import { now } from '../../clock.js';
import { Failure } from '../../domain/errors.js';
import type { ProviderName } from '../../domain/provider/settings.js';
import type { ProviderHook } from '../../store/inbound/providers.js';
import type { WebClient } from '../../web/client.js';
import type { Api } from '../api.js';
import { ProviderPath } from '../routes/providers.js';
import { Data, refusals } from '../schema/envelope.js';
import type { Deps } from '../wiring.js';
import { readMailgun } from './mailgun.js';
import { readPostmark } from './postmark.js';
import { readSendgrid } from './sendgrid.js';
import { sesReader } from './ses.js';
import { snsCertificates } from './sns.js';
import type { ReadWebhook, WebhookContent } from './webhook.js';

/** Postmark sends the returned mail along. */
const MAX_BODY_BYTES = 16 * 1024 * 1024;
const HookPath = Type.Object({ ...ProviderPath.properties, hook: Type.String({ maxLength: 100 }) });
const KeptReports = Type.Object({ kept: Type.Integer({ description: 'Reports that were stored.' }) });

type WebhookDeps = Pick<Deps, 'inbound' | 'providers'>;

/** Receives delivery reports of providers: stored as rows before the response, processed by the worker. */
export function providerWebhooks(app: Api, deps: WebhookDeps, web: Pick<WebClient, 'send'>): void {
  const readers: Readonly<Record<ProviderName, ReadWebhook>> = {
    ses: sesReader(snsCertificates(web)),
    sendgrid: readSendgrid,
    mailgun: readMailgun,
    postmark: readPostmark,
  };
  // Signatures cover bytes, and SNS labels its documents as text.
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
  app.post(
    '/inbound/:name/:hook',
    {
      bodyLimit: MAX_BODY_BYTES,
      schema: {
        tags: ['Bounces'],
        summary: 'Receive reports of a provider; `PUT /providers/{name}` returns the URL',
        security: [],
        params: HookPath,
        response: { 200: Data(KeptReports), ...refusals },
      },
    },
    async (request, reply) => {
      const { name, hook } = request.params;
      const row = await deps.providers.findByHook(name, hook);
      if (row === null) throw new Failure('not_found');
      const reading = await readers[name](webhookRequest(deps, request, row));
      return { data: { kept: await keep(deps, row, reading, reply) } };
    },
  );
}

function webhookRequest({ providers }: WebhookDeps, { headers, body }: FastifyRequest, row: ProviderHook) {
  return { headers, body: Buffer.isBuffer(body) ? body : Buffer.alloc(0), settings: providers.opened(row), at: now() };
}

/** Stores the row before it answers. A forged report leaves no row. */
async function keep(deps: WebhookDeps, { account, name }: ProviderHook, reading: WebhookContent, reply: FastifyReply) {
  switch (reading.kind) {
    case 'forged':
      if (name === 'postmark') reply.header('www-authenticate', 'Basic realm="everpost"');
      throw new Failure(name === 'postmark' ? 'unauthenticated' : 'forged_report');
    case 'unreadable':
      throw new Failure('validation_failed', undefined, `This is no report as ${name} documents them.`);
    case 'subscription':
      await deps.inbound.saveSubscription(account, name, reading.id, reading.url);
      return 0;
    case 'reports': {
      const { singleUse, reports } = reading;
      const use = singleUse && (await deps.providers.spend(account, singleUse.token, singleUse.event));
      if (use === 'spent') throw new Failure('forged_report');
      await deps.inbound.saveReports(account, name, reports);
      return reports.length;
    }
  }
}
