import type { Config } from '../config.js';
import type { LetterContent } from '../domain/campaign.js';
import { Failure } from '../domain/errors.js';
import { blocksSending } from '../domain/finding.js';
import { FIRST_DEFAULT_TEMPLATE } from '../domain/template.js';
import { campaignJob, standsAlone } from '../mail/render/campaign-job.js';
import type { RenderJob } from '../mail/render/job.js';
import type { Renderer } from '../mail/render/pool.js';
import { chosenSender } from '../mail/sender.js';
import type { Account, Accounts } from '../store/accounts.js';
import type { CampaignProgress } from '../store/campaign-progress.js';
import type { Campaign, Campaigns } from '../store/campaigns.js';
import type { Contents } from '../store/contents.js';
import type { List, Lists } from '../store/lists.js';
import type { Templates } from '../store/templates.js';
import type { CampaignInput } from '../workflows/messages.js';

export interface RenderingDeps {
  readonly campaigns: Pick<Campaigns, 'find'>;
  readonly progress: Pick<CampaignProgress, 'rendered' | 'refused'>;
  readonly accounts: Accounts;
  readonly lists: Lists;
  readonly templates: Pick<Templates, 'inUse'>;
  readonly contents: Pick<Contents, 'keepLetter'>;
  readonly renderer: Pick<Renderer, 'render'>;
  readonly config: Pick<Config, 'mailFrom'>;
}

/**
 * What a campaign says is rendered once, at its launch, and before anybody is asked about it: a brand, template or list that
 * changes later changes no mail of it.
 */
export function renderingActivities(deps: RenderingDeps) {
  return {
    /** `refused`: the content cannot go out; the campaign stands still, paused, and its row says why. */
    renderContent: async (input: CampaignInput): Promise<'rendered' | 'refused'> => {
      const row = await deps.campaigns.find(input.account, input.campaign);
      if (row === null || row.launch !== input.launch || row.round >= 0 || row.rendered != null) return 'rendered';
      const letter = await letterOf(deps, row);
      if (letter === undefined) {
        await deps.progress.refused(input, 'content_blocked');
        return 'refused';
      }
      await deps.progress.rendered(input, row.revision, await deps.contents.keepLetter(row.account, letter));
      return 'rendered';
    },
  };
}

async function letterOf(deps: RenderingDeps, row: Campaign): Promise<LetterContent | undefined> {
  const [list, account] = await Promise.all([
    deps.lists.find(row.account, row.list_id),
    deps.accounts.settings(row.account),
  ]);
  if (typeof list === 'string') throw new Error(`campaign ${row._id} has no list any more`);
  const lastResort = account.mail_from ?? deps.config.mailFrom;
  try {
    const job = await jobOf(deps, row, list, account);
    const { html, text, findings } = await deps.renderer.render(job);
    if (blocksSending(findings)) return undefined;
    return {
      subject: job.subject,
      preheader: job.preheader,
      html,
      text,
      from: chosenSender({ campaign: row.from, list: list.defaults.from, lastResort }),
      reply_to: row.reply_to ?? list.defaults.reply_to,
      list: list.name,
    };
  } catch (error) {
    if (error instanceof Failure && error.code === 'not_renderable') return undefined;
    throw error;
  }
}

async function jobOf(deps: RenderingDeps, campaign: Campaign, list: List, account: Account): Promise<RenderJob> {
  const wanted = campaign.template_id ?? account.default_template ?? FIRST_DEFAULT_TEMPLATE;
  const template = standsAlone(campaign)
    ? null
    : ((await deps.templates.inUse(campaign.account, wanted)) ??
      (await deps.templates.inUse(campaign.account, FIRST_DEFAULT_TEMPLATE)));
  return campaignJob({ campaign, account, list, template, fields: null });
}
