import { brandOf } from '../../../domain/brand/brand.js';
import { matchLanguage } from '../../../domain/template.js';
import { parseMailbox } from '../../../mail/address.js';
import { templateJob } from '../../../mail/render/job.js';
import { preferencesUrl, unsubscribeUrl, viewUrl } from '../../../mail/tokens/link-tokens.js';
import { PREVIEW_TOKEN } from '../../../services/letters/preview-letter.js';
import { fillTemplate } from '../../../services/message/fill-template.js';
import { accountSender } from '../../../services/sender.js';
import { partsOfTemplate } from '../../../services/template-cache.js';
import type { Template } from '../../../store/templates/row.js';
import type { Api } from '../../api.js';
import { accountOf } from '../../hooks/auth.js';
import { demandOwned } from '../../hooks/failures.js';
import { previewLink } from '../../previews/link.js';
import { PREVIEW, sendPreview } from '../../previews/response.js';
import { Data, refusals } from '../../schema/envelope.js';
import {
  PreviewLinkView,
  type PreviewResponse,
  TemplatePreviewLink,
  TemplatePreviewRequest,
  TemplatePreviewSearch,
} from '../../schema/preview.js';
import type { Deps } from '../../wiring.js';
import { previewView } from '../campaigns/previews/rendering.js';
import { TemplatePath } from './schema.js';

const tags = ['Templates'];
const ONE = { 200: PREVIEW, ...refusals };
const HAS_CONTENT_SLOT = /\{\{-?\s*content\b/;
const SAMPLE_RECIPIENT = { email: 'ada@example.org', name: 'Ada Lovelace', first_name: 'Ada', last_name: 'Lovelace' };
const SAMPLE_BODY =
  '<h2>A heading</h2><p>Hello {{ first_name }}, this is the text of a campaign, with <a href="https://example.org/">a link</a>.</p>';

interface PreviewOptions {
  readonly language?: string;
  readonly context?: Readonly<Record<string, unknown>>;
  readonly html?: string;
}

/** Previews of the draft of a template in the account's brand, with sample data. */
export function templatePreviews(app: Api, deps: Deps): void {
  const ownedTemplate = async (account: number, id: number) => demandOwned(await deps.templates.find(account, id));

  app.get(
    '/templates/:id/preview',
    {
      schema: {
        tags,
        summary: 'Preview the draft of a template',
        params: TemplatePath,
        querystring: TemplatePreviewSearch,
        response: ONE,
      },
    },
    async (request, reply) => {
      const row = await ownedTemplate(accountOf(request), request.params.id);
      return sendPreview(request, reply, await templatePreview(deps, accountOf(request), row, request.query));
    },
  );

  app.post(
    '/templates/:id/preview',
    {
      schema: {
        tags,
        summary: 'Preview the draft of a template with your own data',
        params: TemplatePath,
        body: TemplatePreviewRequest,
        response: ONE,
      },
    },
    async (request, reply) => {
      const row = await ownedTemplate(accountOf(request), request.params.id);
      return sendPreview(request, reply, await templatePreview(deps, accountOf(request), row, request.body));
    },
  );

  app.post(
    '/templates/:id/preview/link',
    {
      schema: {
        tags,
        summary: 'Make a link that shows the preview of a template without a key',
        params: TemplatePath,
        body: TemplatePreviewLink,
        response: { 201: Data(PreviewLinkView), ...refusals },
      },
    },
    async (request, reply) => {
      const account = accountOf(request);
      const { _id: template } = await ownedTemplate(account, request.params.id);
      return reply.code(201).send({ data: await previewLink(deps, { account, template }, request.body.hours) });
    },
  );
}

/** The draft of a template in the account's brand. */
export async function templatePreview(
  deps: Pick<Deps, 'accounts' | 'config' | 'renderer' | 'tasks'>,
  account: number,
  row: Template,
  options: PreviewOptions,
): Promise<PreviewResponse> {
  const chosen = matchLanguage(row, options.language);
  if (chosen === undefined) throw new Error(`template ${row._id} lacks its own language`);
  const { subject, preheader, source, text } = chosen.content;
  const hasSlot = HAS_CONTENT_SLOT.test(source);
  const from = await accountSender(deps, account);
  const brand = brandOf(await deps.accounts.settings(account), [from.name, parseMailbox(from.email)?.domain ?? null]);
  const job = templateJob(chosen.content, { brand, language: chosen.language });
  const body = { format: 'html', source: options.html ?? SAMPLE_BODY } as const;
  const rendered = await deps.renderer.render(account, hasSlot ? { ...job, body, purpose: 'campaign' } : job);
  const { publicUrl } = deps.config;
  const links = {
    unsubscribe_url: unsubscribeUrl(publicUrl, PREVIEW_TOKEN),
    preferences_url: preferencesUrl(publicUrl, PREVIEW_TOKEN),
    view_url: viewUrl(publicUrl, PREVIEW_TOKEN),
  };
  const context = { ...SAMPLE_RECIPIENT, ...links, ...options.context };
  const parts = { subject: subject ?? '', preheader, html: rendered.html, text: rendered.text };
  const { textLinks: _, ...filled } = await fillTemplate(
    deps.tasks,
    account,
    partsOfTemplate(parts, text === null),
    context,
  );
  return previewView(filled, rendered);
}
