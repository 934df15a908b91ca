import { campaigns } from '../../../store/campaigns/campaigns.js';
import { type FastStore, readAfterWrites } from '../fast-store.js';
import type { Mutation } from '../network.js';
import { receiver } from '../receiver.js';
import { anAttempt } from './attempt.js';
import { aFreezer } from './freezer.js';
import { aToken, type CampaignModel, findPages, findRow } from './model.js';

export interface Plan {
  readonly store: FastStore;
  readonly campaign: number;
  readonly recipients: number;
  readonly resends: boolean;
  readonly mutation: Mutation;
}

const ACCOUNT = 7;

/** A launched campaign, not frozen yet, with two idle attempts and two freezers. */
export async function aCampaignModel({ store, campaign, recipients, resends, mutation }: Plan): Promise<CampaignModel> {
  const row = await campaigns(store).create({
    _id: campaign,
    account: ACCOUNT,
    list_id: 1,
    creation_method: 'html',
    template_id: null,
    name: 'Model',
    subject: 'Model',
    preheader: null,
    html: '<p>Hello</p>',
    text: null,
    from: null,
    reply_to: null,
    settings: {
      rate_per_second: null,
      on_uncertain: resends ? 'resend' : 'hold',
      track_opens: false,
      track_clicks: false,
      ttl_hours: 72,
    },
  });
  const launched = await campaigns(store).launch(row);
  if (launched === null) throw new Error('not launched');
  const key = { account: ACCOUNT, campaign, launch: launched.launch };
  const model: CampaignModel = {
    store,
    key,
    readRow: readAfterWrites(store, () => findRow(store, key)),
    readPages: readAfterWrites(store, () => findPages(store, key)),
    mutation,
    underway: [],
    receiver: receiver(),
    list: Array.from({ length: recipients }, (_, k) => 10 * (k + 1)),
    left: new Set(),
    slots: [],
    staleAttempts: [],
    crashed: [],
    freezers: [],
    pages: new Map(),
    resends,
    wasCancelled: false,
    round: 0,
    tokens: 0,
  };
  const freezers = [aFreezer(model, 4, 1), aFreezer(model, 3, 3)];
  const slots = Array.from({ length: 2 }, () => anAttempt(model, aToken(model)));
  return Object.assign(model, { freezers, slots });
}
