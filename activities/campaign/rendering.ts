import { storedFindings } from '../../domain/mail/finding.js';
import { letterToSend, type RenderingStores } from '../../services/letters/render-letter.js';
import type { Campaigns } from '../../store/campaigns/campaigns.js';
import type { CampaignProgress } from '../../store/campaigns/progress.js';
import type { Contents } from '../../store/messages/contents.js';
import type { CampaignInput } from '../../workflows/messages/campaign.js';
import { type CampaignPlan, campaignPlanner, type PlanDeps } from './plan.js';

export interface RenderingDeps extends RenderingStores, PlanDeps {
  readonly campaigns: Campaigns;
  readonly campaignProgress: CampaignProgress;
  readonly contents: Contents;
}

/** `refused`: the campaign cannot be sent as it is. It is paused, and its row holds the reason. */
export interface RenderResult {
  readonly result: 'rendered' | 'refused';
  readonly plan: CampaignPlan;
}

/**
 * Renders a campaign's letter once, at its launch and before a request for approval. Later changes of brand, template or
 * list do not affect its mails.
 */
export function renderingActivities(deps: RenderingDeps) {
  const plan = campaignPlanner(deps);
  return {
    renderContent: async (input: CampaignInput): Promise<RenderResult> => {
      const result = await renderLaunch(deps, input);
      return { result, plan: await plan(input) };
    },
  };
}

async function renderLaunch(deps: RenderingDeps, input: CampaignInput): Promise<RenderResult['result']> {
  const row = await deps.campaigns.find(input.account, input.campaign);
  if (row === null || row.launch !== input.launch || row.round >= 0 || row.rendered != null) return 'rendered';
  const result = await letterToSend(deps, row);
  const findings = storedFindings(result.findings);
  if (result.kind === 'refused') {
    await deps.campaignProgress.pauseAsUnsendable(input, result.reason, findings);
    return 'refused';
  }
  const rendered = await deps.contents.saveLetter(row.account, result.letter);
  const letter = { rendered, rendered_template: result.template, findings };
  await deps.campaignProgress.recordRendered(input, row.revision, letter);
  return 'rendered';
}
