import { blocksSending } from '../../../../domain/mail/finding.js';
import type { Campaign } from '../../../../store/campaigns/row.js';
import type { Api } from '../../../api.js';
import { accountOf } from '../../../hooks/auth.js';
import { demandOwned } from '../../../hooks/failures.js';
import { Data, refusals } from '../../../schema/envelope.js';
import { IdPath } from '../../../schema/fields.js';
import {
  CheckView,
  type PreviewRecipient,
  PreviewRequest,
  PreviewSearch,
  PreviewView,
} from '../../../schema/preview.js';
import type { Deps } from '../../../wiring.js';
import { EmptyBody } from '../schema.js';
import { demandText } from '../update.js';
import { fillLetter, letterToPreview, previewRecipient, previewView, renderCampaign } from './rendering.js';

const tags = ['Campaigns'];
const ONE = { 200: Data(PreviewView), ...refusals };

/** Previews of a campaign for one recipient, and its check before sending; these routes send no mail. */
export function campaignPreviews(app: Api, deps: Deps): void {
  const ownedCampaign = async (account: number, id: number) => demandOwned(await deps.campaigns.owned(account, id));

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
    async (request) => preview(deps, await ownedCampaign(accountOf(request), request.params.id), request.query),
  );

  app.post(
    '/campaigns/:id/preview',
    {
      schema: {
        tags,
        summary: 'Preview a campaign with sample data of your own',
        params: IdPath,
        body: PreviewRequest,
        response: ONE,
      },
    },
    async (request) => preview(deps, await ownedCampaign(accountOf(request), request.params.id), request.body),
  );

  app.post(
    '/campaigns/:id/check',
    {
      schema: {
        tags,
        summary: 'Check a campaign before it is sent',
        params: IdPath,
        body: EmptyBody,
        response: { 200: Data(CheckView), ...refusals },
      },
    },
    async (request) => {
      const row = await ownedCampaign(accountOf(request), request.params.id);
      demandText(row);
      const { html, findings } = await renderCampaign(deps, row);
      const view = { ok: !blocksSending(findings), bytes: Buffer.byteLength(html), findings: [...findings] };
      return { data: view };
    },
  );
}

async function preview(deps: Deps, row: Campaign, requested: PreviewRecipient) {
  demandText(row);
  const recipient = await previewRecipient(deps, row, requested);
  const letter = await letterToPreview(deps, row);
  return { data: previewView(fillLetter(deps, letter, letter, recipient), letter) };
}
