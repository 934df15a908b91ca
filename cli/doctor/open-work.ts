import type { Db } from 'mongodb';
import { later, now } from '../../clock.js';
import { PROTOCOL_TIMES } from '../../domain/delivery/protocol.js';
import type { Campaign } from '../../store/campaigns/row.js';
import { openWork } from '../../store/monitoring/open-work.js';
import { uncertainMail } from '../../store/monitoring/uncertain.js';
import type { Endpoint } from '../../store/webhooks/row.js';
import { type Finding, note, ok, warning } from './finding.js';

/** Findings of a kind: enough to see what is wrong. */
const MOST = 20;
const MINUTE = 60_000;
/** What became uncertain before is known to those who look: a person decides once. */
const UNCERTAIN_FOR = 7 * 24 * 60 * MINUTE;
const LATE = 5 * MINUTE;
const BEHIND = 10 * MINUTE;

const recent = () => ({ after: later(-UNCERTAIN_FOR), limit: MOST });

/** Campaigns that are paused, overdue or have uncertain recipients. */
export async function checkCampaigns(db: Db): Promise<Finding[]> {
  const campaigns = db.collection<Campaign>('campaigns');
  const without = { projection: { html: 0, text: 0 } } as const;
  const overdue = { state: 'scheduled' as const, scheduled_at: { $lt: later(-LATE) } };
  const [paused, late, uncertain] = await Promise.all([
    campaigns.find({ state: 'paused' }, without).sort({ updated_at: -1 }).limit(MOST).toArray(),
    campaigns.find(overdue, without).limit(MOST).toArray(),
    uncertainMail({ db }).recipients(recent()),
  ]);
  const findings = [
    ...paused.map(pausedFinding),
    ...late.map(({ _id, scheduled_at }) =>
      warning(
        `Campaign ${_id}`,
        'its time has come, and it has not begun',
        'check the workers and the sweep',
        scheduled_at,
      ),
    ),
    ...uncertain.map(({ of, count, since }) =>
      warning(
        `Campaign ${of}`,
        `${count} recipients are uncertain: the mail may have arrived`,
        `GET /campaigns/${of}/recipients?status=uncertain lists them; POST /campaigns/${of}/retry mails them again`,
        since,
      ),
    ),
  ];
  return findings.length === 0 ? [ok('Campaigns', 'none is paused, overdue or uncertain')] : findings;
}

function pausedFinding({ _id, reason, updated_at }: Campaign): Finding {
  const resume = `POST /campaigns/${_id}/resume continues it`;
  if (reason === null) return { ...note(`Campaign ${_id}`, 'paused by request', resume), since: updated_at };
  return warning(`Campaign ${_id}`, `paused: ${reason}`, `remove the cause; then ${resume}`, updated_at);
}

/** Messages that could have left, and those that are uncertain. */
export async function checkMessages(db: Db): Promise<Finding[]> {
  const [age, uncertain] = await Promise.all([
    openWork({ db }, PROTOCOL_TIMES.lease).messageAge(),
    uncertainMail({ db }).messages(recent()),
  ]);
  const findings = uncertain.map(({ of, count, since }) =>
    warning(
      `Messages of account ${of}`,
      `${count} are uncertain: they may have arrived`,
      'GET /messages?state=uncertain lists them',
      since,
    ),
  );
  if (age > LATE) {
    const advice = 'check the transports and the workers; GET /messages/{id} says what a message waits for';
    const since = new Date(now().getTime() - age);
    findings.push(warning('Messages', `one is due for ${Math.round(age / MINUTE)} minutes`, advice, since));
  }
  return findings.length === 0 ? [ok('Messages', 'none is overdue or uncertain')] : findings;
}

/** Endpoints that are behind the event log, or that were disabled because they failed. */
export async function checkWebhooks(db: Db): Promise<Finding[]> {
  const broken = { state: 'disabled' as const, reason: { $in: ['failing', 'gone'] as const } };
  const [behind, disabled] = await Promise.all([
    openWork({ db }, PROTOCOL_TIMES.lease).waitingEndpoints(MOST),
    db.collection<Endpoint>('endpoints').find(broken).sort({ updated_at: -1 }).limit(MOST).toArray(),
  ]);
  return [
    ...behind
      .filter(({ age }) => age > BEHIND)
      .map(({ _id, account, age, failures, failing_since }) => {
        const says = `its oldest event waits for ${Math.round(age / MINUTE)} minutes, after ${failures} failed attempts`;
        const advice = `GET /webhooks/${_id}/deliveries shows the answers of its server`;
        return warning(`Webhook ${_id} (account ${account})`, says, advice, failing_since);
      }),
    ...disabled.map(({ _id, account, reason, updated_at }) => {
      const says = `disabled: ${reason === 'gone' ? 'its server answered 410' : 'no success for days'}`;
      const advice = `mend its server and enable it: PATCH /webhooks/${_id}, or delete it`;
      return warning(`Webhook ${_id} (account ${account})`, says, advice, updated_at);
    }),
  ];
}
