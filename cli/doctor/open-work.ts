import type { Db } from 'mongodb';
import { later, now } from '../../clock.js';
import type { LedgerPage } from '../../domain/campaign/ledger-page.js';
import { PROTOCOL_TIMES } from '../../domain/delivery/protocol.js';
import type { Campaign } from '../../store/campaigns/row.js';
import type { Message } from '../../store/messages/row.js';
import { openWork } from '../../store/monitoring/open-work.js';
import type { Endpoint } from '../../store/webhooks/row.js';
import { type Finding, note, ok, warning } from './finding.js';

/** Findings of a kind: enough to see what is wrong. */
const MOST = 20;
const MINUTE = 60_000;
/** What became uncertain before is known to those who look: a person decides once. */
const UNCERTAIN_FOR = 7 * 24 * 60 * MINUTE;
const LATE = 5 * MINUTE;
const BEHIND = 10 * MINUTE;

/** Campaigns that are paused, overdue or have uncertain recipients. */
export async function checkCampaigns(db: Db): Promise<Finding[]> {
  const campaigns = db.collection<Campaign>('campaigns');
  const without = { projection: { html: 0, text: 0 } } as const;
  const overdue = { state: 'scheduled' as const, scheduled_at: { $lt: later(-LATE) } };
  const [paused, late, uncertain] = await Promise.all([
    campaigns.find({ state: 'paused' }, without).sort({ updated_at: -1 }).limit(MOST).toArray(),
    campaigns.find(overdue, without).limit(MOST).toArray(),
    uncertainRecipients(db),
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
    ...uncertain.map(({ _id, count, since }) =>
      warning(
        `Campaign ${_id}`,
        `${count} recipients are uncertain: the mail may have arrived`,
        `GET /campaigns/${_id}/recipients?status=uncertain lists them; POST /campaigns/${_id}/retry mails them again`,
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

interface Uncertain {
  readonly _id: number;
  readonly count: number;
  readonly since: Date;
}

function uncertainRecipients(db: Db): Promise<Uncertain[]> {
  const open = { 'exceptions.kind': 'uncertain', 'exceptions.next': null };
  const pages = db
    .collection<LedgerPage>('ledger')
    .aggregate<Uncertain>(
      [
        { $match: { 'exceptions.kind': 'uncertain' } },
        { $unwind: '$exceptions' },
        { $match: { ...open, 'exceptions.at': { $gt: later(-UNCERTAIN_FOR) } } },
        { $group: { _id: '$campaign', count: { $sum: 1 }, since: { $min: '$exceptions.at' } } },
        { $sort: { since: -1 } },
        { $limit: MOST },
      ],
      { hint: { campaign: 1, 'exceptions.kind': 1 } },
    );
  return pages.toArray();
}

/** Messages that could have left, and those that are uncertain. */
export async function checkMessages(db: Db): Promise<Finding[]> {
  const [age, uncertain] = await Promise.all([
    openWork({ db }, PROTOCOL_TIMES.lease).messageAge(),
    uncertainMessages(db),
  ]);
  const findings = uncertain.map(({ _id, count, since }) =>
    warning(
      `Messages of account ${_id}`,
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

async function uncertainMessages(db: Db): Promise<Uncertain[]> {
  const since = later(-UNCERTAIN_FOR);
  const accounts = await db.collection<{ _id: number }>('accounts').distinct('_id');
  // Ids begin with the time (UUID v7), so that the index by state finds the recent ones.
  const recent = since.getTime().toString(16).padStart(12, '0');
  const first = `${recent.slice(0, 8)}-${recent.slice(8)}`;
  return db
    .collection<Message>('messages')
    .aggregate<Uncertain>([
      { $match: { account: { $in: accounts }, state: 'uncertain', _id: { $gte: first } } },
      { $group: { _id: '$account', count: { $sum: 1 }, since: { $min: '$updated_at' } } },
      { $limit: MOST },
    ])
    .toArray();
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
