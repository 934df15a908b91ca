import type { StatusResponse } from '../../api/routes/status.js';
import { statusView } from '../../api/routes/status.js';
import { defaultTransportView, transportView } from '../../api/routes/transports/schema.js';
import type { Config } from '../../config.js';
import { accountStatus } from '../../services/account-status.js';
import { stores } from '../../store/stores.js';
import { DEFAULT_TRANSPORT } from '../../store/transports/health.js';
import { withOpenStore } from '../keys.js';
import { counted, exact, print, section } from './lines.js';

export interface StoryOptions {
  readonly account: number;
  /** Prints what the API answers instead of a story. */
  readonly json: boolean;
}

/** `everpost status`: what waits and for what, what is uncertain, and how the transports are. */
export function status(config: Config, { account, json }: StoryOptions): Promise<void> {
  return withOpenStore(config, async (store) => {
    // None of the answers needs a sealed value.
    const nouns = stores(store, { secret: '' });
    const [found, rows] = await Promise.all([accountStatus(nouns, account), nouns.transports.ofAccount(account)]);
    const known = await nouns.transportHealth.of([DEFAULT_TRANSPORT, ...rows.map(({ _id }) => `${_id}`)]);
    const own = rows.map((row) => transportView(row, known.get(`${row._id}`)));
    const transports = { data: own, default: defaultTransportView(known.get(DEFAULT_TRANSPORT), false) };
    const view = statusView(found);
    print({ ...view, transports }, storyOf(view, transports), json);
  });
}

type Transports = {
  readonly data: readonly ReturnType<typeof transportView>[];
  readonly default: ReturnType<typeof defaultTransportView>;
};

function storyOf({ waiting, uncertain, webhooks }: StatusResponse, transports: Transports): string[] {
  const { messages, campaigns } = uncertain;
  const doubts = [
    ...(messages === 0 ? [] : [`${counted(messages, 'message')}: GET /messages?state=uncertain lists them`]),
    ...campaigns.map(
      ({ campaign_id: id, recipients, since }) =>
        `campaign ${id}: ${counted(recipients, 'recipient')} since ${exact(since)}`,
    ),
  ];
  return [
    ...(waiting.length === 0 ? ['Nothing waits.'] : section('What waits:', waiting.map(waitingLine))),
    ...(doubts.length === 0 ? ['Nothing is uncertain.'] : section('Uncertain, may have arrived:', doubts)),
    ...section('Transports:', [
      ...transports.data.map((one) => transportLine(`${one.id} (${one.name})`, one)),
      transportLine('of SMTP_URL', transports.default),
    ]),
    ...section('Webhooks that fail:', webhooks.map(webhookLine)),
  ];
}

function waitingLine({ kind, reason, count, id, since, next_try, detail }: StatusResponse['waiting'][number]): string {
  const next = next_try === null ? '' : `; next try on ${exact(next_try)}`;
  const first = count === 1 ? id : `the first of them ${id}`;
  return `${counted(count, kind)} (${reason}), ${first}, since ${exact(since)}: ${detail}${next}`;
}

function transportLine(
  name: string,
  { state, since, last_error, last_accepted_at, next_try_at }: Transports['default'],
) {
  const begun = since === null ? '' : ` since ${exact(since)}`;
  const error = last_error && `last error on ${exact(last_error.at)}, at ${last_error.phase}: ${last_error.reply}`;
  const accepted = last_accepted_at === null ? '' : `last mail accepted on ${exact(last_accepted_at)}`;
  const next = next_try_at === null ? '' : `next try on ${exact(next_try_at)}`;
  return [`${name}: ${state}${begun}`, error, accepted, next].filter(Boolean).join('; ');
}

function webhookLine(webhook: StatusResponse['webhooks'][number]): string {
  const { webhook_id, enabled, failing_since, last_delivered_at, next_attempt_at } = webhook;
  const failing = failing_since === null ? '' : `fails since ${exact(failing_since)}`;
  const delivered =
    last_delivered_at === null ? 'nothing was delivered' : `last delivery on ${exact(last_delivered_at)}`;
  const next = enabled ? next_attempt_at && `next attempt on ${exact(next_attempt_at)}` : 'disabled';
  return `${webhook_id}: ${[failing, delivered, next].filter(Boolean).join('; ')}`;
}
