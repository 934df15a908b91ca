import { blocksSending } from '../../../domain/finding.js';
import type { Campaign } from '../../../store/campaigns.js';
import type { Api } from '../../app.js';
import { accountOf } from '../../auth.js';
import type { Deps } from '../../deps.js';
import { ours } from '../../failures.js';
import { NoFields } from '../../schemas/campaign.js';
import { Data, refusals } from '../../schemas/envelope.js';
import { IdPath } from '../../schemas/fields.js';
import { CheckView, PreviewSearch, PreviewView, PreviewWish, type RecipientWish } from '../../schemas/preview.js';
import { filledFor, lettered, previewShown, recipientFor, rendition } from './rendition.js';
import { demandText } from './steering.js';

const tags = ['Campaigns'];
const ONE = { 200: Data(PreviewView), ...refusals };

/** A campaign as somebody would get it, and what stands in its way; nothing is sent. */
export function campaignPreviews(app: Api, deps: Deps): void {
  const found = async (account: number, id: number) => ours(await deps.campaigns.owned(account, id));

  app.get(
    '/campaigns/:id/preview',
    {
      schema: {
        tags,
        summary: 'Preview a campaign, for a subscriber or sample data',
        params: IdPath,
        querystring: PreviewSearch,
        response: ONE,
      },
    },
    async (request) => preview(deps, await found(accountOf(request), request.params.id), request.query),
  );

  app.post(
    '/campaigns/:id/preview',
    {
      schema: {
        tags,
        summary: 'Preview a campaign with sample data of your own',
        params: IdPath,
        body: PreviewWish,
        response: ONE,
      },
    },
    async (request) => preview(deps, await found(accountOf(request), request.params.id), request.body),
  );

  app.post(
    '/campaigns/:id/check',
    {
      schema: {
        tags,
        summary: 'Check a campaign before it is sent',
        params: IdPath,
        body: NoFields,
        response: { 200: Data(CheckView), ...refusals },
      },
    },
    async (request) => {
      const row = await found(accountOf(request), request.params.id);
      demandText(row);
      const { html, findings } = await rendition(deps, row);
      const shown = { ok: !blocksSending(findings), bytes: Buffer.byteLength(html), findings: [...findings] };
      return { data: shown };
    },
  );
}

async function preview(deps: Deps, row: Campaign, wish: RecipientWish) {
  demandText(row);
  const recipient = await recipientFor(deps, row, wish);
  const letter = await lettered(deps, row);
  return { data: previewShown(filledFor(deps, letter, letter, recipient), letter) };
}
