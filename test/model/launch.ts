import { campaigns } from '../../store/campaigns.js';
import type { Store } from '../../store/connect.js';
import { anAttempt } from './attempt.js';
import { aFreezer } from './freezer.js';
import type { Bend } from './network.js';
import { receiver } from './receiver.js';
import { aToken, type World } from './world.js';

export interface Plan {
  readonly store: Store;
  readonly campaign: number;
  readonly recipients: number;
  readonly resends: boolean;
  readonly bend: Bend;
}

export const ACCOUNT = 7;

/** A launched campaign, not frozen yet, with two idle attempts and two freezers. */
export async function aWorld({ store, campaign, recipients, resends, bend }: Plan): Promise<World> {
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
  const world: World = {
    store,
    key: { account: ACCOUNT, campaign, launch: launched.launch },
    bend,
    underway: [],
    receiver: receiver(),
    list: Array.from({ length: recipients }, (_, k) => 10 * (k + 1)),
    left: new Set(),
    slots: [],
    ghosts: [],
    crashed: [],
    freezers: [],
    pages: new Map(),
    resends,
    round: 0,
    tokens: 0,
  };
  const freezers = [aFreezer(world, 4), aFreezer(world, 3)];
  const slots = Array.from({ length: 2 }, () => anAttempt(world, aToken(world)));
  return Object.assign(world, { freezers, slots });
}
