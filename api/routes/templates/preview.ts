import { brandOf } from '../../../domain/brand.js';
import { Failure } from '../../../domain/errors.js';
import { chosenLanguage } from '../../../domain/template.js';
import { filled, parsedParts } from '../../../mail/filling.js';
import { preferencesUrl, unsubscribeUrl, viewUrl } from '../../../mail/tokens.js';
import type { Template } from '../../../store/templates.js';
import type { Api } from '../../app.js';
import { accountOf } from '../../auth.js';
import type { Deps } from '../../deps.js';
import { ours } from '../../failures.js';
import { Data, refusals } from '../../schemas/envelope.js';
import { IdPath } from '../../schemas/fields.js';
import { PreviewView, TemplatePreviewSearch, TemplatePreviewWish } from '../../schemas/preview.js';
import { NO_TOKEN, previewShown } from '../campaigns/rendition.js';

const tags = ['Templates'];
const ONE = { 200: Data(PreviewView), ...refusals };
const HAS_PLACE = /\{\{-?\s*content\b/;
const SOMEBODY = { email: 'ada@example.org', name: 'Ada Lovelace', first_name: 'Ada', last_name: 'Lovelace' };
const SAMPLE_BODY =
  '<h2>A heading</h2><p>Hello {{ first_name }}, the text of a campaign stands here, with <a href="https://example.org/">a link</a>.</p>';

interface Wish {
  readonly language?: string;
  readonly context?: Readonly<Record<string, unknown>>;
  readonly html?: string;
}

/** The draft of a template in the account's brand, with sample data. */
export function templatePreviews(app: Api, deps: Deps): void {
  const found = async (account: number, id: number) => ours(await deps.templates.find(account, id));

  app.get(
    '/templates/:id/preview',
    {
      schema: {
        tags,
        summary: 'Preview the draft of a template',
        params: IdPath,
        querystring: TemplatePreviewSearch,
        response: ONE,
      },
    },
    async (request) => {
      const account = accountOf(request);
      return preview(deps, account, await found(account, request.params.id), request.query);
    },
  );

  app.post(
    '/templates/:id/preview',
    {
      schema: {
        tags,
        summary: 'Preview the draft of a template with data of your own',
        params: IdPath,
        body: TemplatePreviewWish,
        response: ONE,
      },
    },
    async (request) => {
      const account = accountOf(request);
      return preview(deps, account, await found(account, request.params.id), request.body);
    },
  );
}

async function preview(deps: Pick<Deps, 'accounts' | 'config' | 'press'>, account: number, row: Template, wish: Wish) {
  const chosen = chosenLanguage(row, wish.language);
  if (chosen === undefined) throw new Error(`template ${row._id} lacks its own language`);
  const { subject, preheader, format, source, text } = chosen.content;
  const hasPlace = HAS_PLACE.test(source);
  const rendered = await deps.press.render({
    template: { format, source },
    body: hasPlace ? { format: 'html', source: wish.html ?? SAMPLE_BODY } : null,
    brand: brandOf(await deps.accounts.settings(account)),
    subject: subject ?? '',
    preheader,
    text,
    language: chosen.language,
    purpose: hasPlace ? 'campaign' : 'message',
    fields: null,
  });
  const { publicUrl } = deps.config;
  const links = {
    unsubscribe_url: unsubscribeUrl(publicUrl, NO_TOKEN),
    preferences_url: preferencesUrl(publicUrl, NO_TOKEN),
    view_url: viewUrl(publicUrl, NO_TOKEN),
  };
  const context = { ...SOMEBODY, ...links, ...wish.context };
  const parts = parsedParts({ subject: subject ?? '', preheader, html: rendered.html, text: rendered.text });
  const said = filled(parts, context);
  if (typeof said === 'string') throw new Failure('not_renderable', { context: [said] });
  return { data: previewShown(said, rendered) };
}
