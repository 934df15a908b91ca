import { renderingActivities } from '../../../activities/campaign/rendering.js';
import { readConfig } from '../../../config.js';
import { PROTOCOL_TIMES } from '../../../domain/delivery/protocol.js';
import type { Renderer } from '../../../mail/render/pool.js';
import { compiledLetters } from '../../../services/letters/compiled-letters.js';
import { accounts } from '../../../store/accounts/accounts.js';
import { campaigns } from '../../../store/campaigns/campaigns.js';
import { campaignProgress } from '../../../store/campaigns/progress.js';
import { recipients } from '../../../store/campaigns/recipients.js';
import type { Campaign, NewCampaign } from '../../../store/campaigns/row.js';
import { domains } from '../../../store/domains/domains.js';
import { events } from '../../../store/events/events.js';
import { lists } from '../../../store/lists/lists.js';
import { contents } from '../../../store/messages/contents.js';
import type { Store } from '../../../store/mongo/connect.js';
import { subscribers } from '../../../store/subscribers/subscribers.js';
import { templates } from '../../../store/templates/templates.js';
import { links } from '../../../store/tracking/links.js';
import type { CampaignInput } from '../../../workflows/messages/campaign.js';
import { aDraft, steered } from '../store/campaigns.js';

/** The rendering of a launch, with its stores. */
export function renderingFixture(store: Store, threads: Renderer) {
  const parts = () => {
    const noun = { accounts: accounts(store), lists: lists(store), contents: contents(store), links: links(store) };
    const rows = {
      campaigns: campaigns(store),
      campaignProgress: campaignProgress(store),
      templates: templates(store),
      recipients: recipients(store),
    };
    const config = readConfig({});
    const { renderContent } = renderingActivities({
      ...noun,
      ...rows,
      subscribers: subscribers(store),
      events: events(store),
      config,
      renderer: threads,
      times: PROTOCOL_TIMES,
      maxLanes: 1,
    });
    return {
      ...noun,
      ...rows,
      renderContent: async (input: CampaignInput) => (await renderContent(input)).result,
      letters: compiledLetters({ ...noun, config, domains: domains(store, 'a secret for the tests') }),
    };
  };

  const launched = async (over: Partial<NewCampaign> = {}, readers = 1) => {
    const row = steered(await campaigns(store).launch(await aDraft(store, readers, over)));
    return { row, input: { account: row.account, campaign: row._id, launch: row.launch } };
  };

  const found = async ({ account, _id }: Campaign) => {
    const row = await campaigns(store).find(account, _id);
    if (row === null) throw new Error('gone');
    return row;
  };

  return { parts, launched, found };
}
