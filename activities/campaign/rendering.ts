import type { Config } from '../../config.js';
import type { LetterContent } from '../../domain/campaign/campaign.js';
import { isUnrenderable } from '../../domain/errors.js';
import { blocksSending, type Finding, storedFindings } from '../../domain/mail/finding.js';
import { FIRST_DEFAULT_TEMPLATE, templateFor } from '../../domain/template.js';
import { isDocument } from '../../mail/letter/document.js';
import { campaignJob } from '../../mail/render/job.js';
import type { Renderer } from '../../mail/render/pool.js';
import { campaignSender } from '../../services/sender.js';
import type { Account, Accounts } from '../../store/accounts/accounts.js';
import type { Campaigns } from '../../store/campaigns/campaigns.js';
import type { CampaignProgress } from '../../store/campaigns/progress.js';
import type { Campaign } from '../../store/campaigns/row.js';
import type { Lists } from '../../store/lists/lists.js';
import type { Contents } from '../../store/messages/contents.js';
import type { Subscribers } from '../../store/subscribers/subscribers.js';
import type { Templates } from '../../store/templates/templates.js';
import type { CampaignInput } from '../../workflows/messages/campaign.js';

export interface RenderingDeps {
  readonly campaigns: Pick<Campaigns, 'find'>;
  readonly campaignProgress: Pick<CampaignProgress, 'recordRendered' | 'pauseAsUnsendable'>;
  readonly accounts: Accounts;
  readonly lists: Lists;
  readonly subscribers: Pick<Subscribers, 'fieldNames'>;
  readonly templates: Pick<Templates, 'publishedEdition'>;
  readonly contents: Pick<Contents, 'saveLetter'>;
  readonly renderer: Pick<Renderer, 'render'>;
  readonly config: Pick<Config, 'mailFrom'>;
}

/**
 * Renders a campaign's letter once, at its launch and before a request for approval. Later changes of brand, template or
 * list do not affect its mails.
 */
export function renderingActivities(deps: RenderingDeps) {
  return {
    /** `refused`: the content cannot be sent. The campaign is paused, and its row holds the reason. */
    renderContent: async (input: CampaignInput): Promise<'rendered' | 'refused'> => {
      const row = await deps.campaigns.find(input.account, input.campaign);
      if (row === null || row.launch !== input.launch || row.round >= 0 || row.rendered != null) return 'rendered';
      const { letter, template, findings } = await renderLetter(deps, row);
      const found = storedFindings(findings);
      if (letter === undefined) {
        await deps.campaignProgress.pauseAsUnsendable(input, 'content_blocked', found);
        return 'refused';
      }
      const rendered = await deps.contents.saveLetter(row.account, letter);
      await deps.campaignProgress.recordRendered(input, row.revision, {
        rendered,
        rendered_template: template,
        findings: found,
      });
      return 'rendered';
    },
  };
}

export type LetterRenderingDeps = Pick<
  RenderingDeps,
  'accounts' | 'lists' | 'subscribers' | 'templates' | 'renderer' | 'config'
>;

export interface RenderedLetter {
  /** Undefined: the content may not be sent. */
  readonly letter?: LetterContent;
  readonly template: number | null;
  readonly findings: readonly Finding[];
}

/** Renders a campaign as it would be sent now, with the findings of the check. */
export async function renderLetter(deps: LetterRenderingDeps, row: Campaign): Promise<RenderedLetter> {
  const { account: id, list_id } = row;
  const [list, account, fields] = await Promise.all([
    deps.lists.find(id, list_id),
    deps.accounts.settings(id),
    deps.subscribers.fieldNames(id, list_id),
  ]);
  if (typeof list === 'string') throw new Error(`campaign ${row._id} has no list any more`);
  const { template, edition } = await editionFor(deps, row, account);
  const job = campaignJob({ campaign: row, account, list, template: edition, fields });
  try {
    const { html, text, findings } = await deps.renderer.render(job);
    if (blocksSending(findings)) return { template, findings };
    const from = await campaignSender(deps, row);
    const reply_to = row.reply_to ?? list.defaults.reply_to;
    const { subject, preheader } = job;
    return { letter: { subject, preheader, html, text, from, reply_to, list: list.name }, template, findings };
  } catch (error) {
    if (isUnrenderable(error)) return { template, findings: [] };
    throw error;
  }
}

/** The campaign's template; the first default replaces a deleted one. */
async function editionFor({ templates }: LetterRenderingDeps, row: Campaign, { _id, default_template }: Account) {
  const wanted = templateFor({ ...row, is_document: isDocument(row.html) }, default_template);
  if (wanted === null) return { template: null, edition: null };
  const edition = await templates.publishedEdition(_id, wanted);
  if (edition !== null) return { template: wanted, edition };
  return { template: FIRST_DEFAULT_TEMPLATE, edition: await templates.publishedEdition(_id, FIRST_DEFAULT_TEMPLATE) };
}
