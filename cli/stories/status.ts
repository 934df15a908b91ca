import type { StatusResponse } from '../../api/routes/status.js';
import { statusView } from '../../api/routes/status.js';
import type { Config } from '../../config.js';
import { accountStatus } from '../../services/account-status.js';
import { stores } from '../../store/stores.js';
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
    const view = statusView(await accountStatus(nouns, account), false);
    print(view, storyOf(view), json);
  });
}

function storyOf({ waiting, uncertain, transports, webhooks }: StatusResponse): string[] {
  const { messages, campaigns } = uncertain;
  const doubts = [
    ...(messages === 0 ? [] : [`${counted(messages, 'message')}: GET /messages?state=uncertain lists them`]),
    ...campaigns.map(
      ({ campaign_id: id, name, recipients, since }) =>
        `campaign ${named(`${id}`, name)}: ${counted(recipients, 'recipient')} since ${exact(since)}; everpost campaign ${id} names them`,
    ),
  ];
  return [
    ...(waiting.length === 0 ? ['Nothing waits.'] : section('What waits:', waiting.map(waitingLine))),
    ...(doubts.length === 0 ? ['Nothing is uncertain.'] : section('Uncertain, may have arrived:', doubts)),
    ...section('Transports:', transports.map(transportLine)),
    ...section('Webhooks that fail:', webhooks.map(webhookLine)),
  ];
}

/** `7, "Our new pricing tiers"` */
function named(id: string, name: string | null): string {
  return name === null ? id : `${id}, "${name}"`;
}

function waitingLine(total: StatusResponse['waiting'][number]): string {
  const { kind, reason, count, id, name, since, next_try, detail } = total;
  const next = next_try === null ? '' : `; next try on ${exact(next_try)}`;
  const first = count === 1 ? named(id, name) : `the first of them ${named(id, name)}`;
  return `${counted(count, kind)} (${reason}), ${first}, since ${exact(since)}: ${detail}${next}`;
}

function transportLine(transport: StatusResponse['transports'][number]): string {
  const { transport_id: id, name, state, since, last_accepted_at } = transport;
  const begun = since === null ? '' : ` since ${exact(since)}`;
  const accepted = last_accepted_at === null ? '' : `last mail accepted on ${exact(last_accepted_at)}`;
  const title = id === null ? 'of SMTP_URL' : `${id} (${name})`;
  return [`${title}: ${state}${begun}`, ...troubleOf(transport), accepted].filter(Boolean).join('; ');
}

/** While it is up, an error is of one mail or of the past; otherwise it is the last try. */
function troubleOf({ state, since, last_error, next_try_at }: StatusResponse['transports'][number]): string[] {
  const reply = last_error && `on ${exact(last_error.at)}, at ${last_error.phase}: ${last_error.reply}`;
  if (state === 'up') {
    const isOld = last_error !== null && since !== null && last_error.at < since;
    return reply === null ? [] : [`last error ${isOld ? 'before that' : 'of a single mail or connection'}, ${reply}`];
  }
  const next = next_try_at === null ? NOT_TRIED : `next try on ${exact(next_try_at)}`;
  return [reply === null ? '' : `last try ${reply}`, state === 'unknown' ? '' : next];
}

const NOT_TRIED = 'not tried by itself while nothing waits for it: the next mail tries it';

type FailingWebhook = StatusResponse['webhooks'][number];

function webhookLine(webhook: FailingWebhook): string {
  const { webhook_id, host, enabled, failing_since, last_delivered_at, next_attempt_at, events_waiting } = webhook;
  const next = next_attempt_at === null ? 'an attempt is due' : `next attempt on ${exact(next_attempt_at)}`;
  return `${webhook_id} (${host}): ${[
    failing_since === null ? '' : `fails since ${exact(failing_since)}`,
    lastFailureOf(webhook),
    last_delivered_at === null ? 'nothing was delivered' : `last delivery on ${exact(last_delivered_at)}`,
    events_waiting === 0 ? '' : `${counted(events_waiting, 'event')} not tried yet`,
    enabled ? next : 'disabled',
  ]
    .filter(Boolean)
    .join('; ')}`;
}

/** `last error connection`, `last status 503` */
export function lastFailureOf({ last_status, last_error }: Pick<FailingWebhook, 'last_status' | 'last_error'>): string {
  if (last_status !== null) return `last status ${last_status}`;
  return last_error === null ? '' : `last error ${last_error}`;
}
