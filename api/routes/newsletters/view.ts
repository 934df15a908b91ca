import type { Static } from 'typebox';
import { now } from '../../../clock.js';
import { timesAfter } from '../../../domain/newsletter/timetable.js';
import { formatInZone } from '../../../domain/newsletter/zone.js';
import type { Waiting } from '../../../domain/waiting/waiting.js';
import type { Issue } from '../../../store/newsletters/issues.js';
import type { Newsletter } from '../../../store/newsletters/newsletters.js';
import { waitingView } from '../../schema/waiting.js';
import { timestamp, timestampOrNull } from '../../timestamp.js';
import type { IssueView, NewsletterResponse, NextTime } from './schema.js';

export function newsletterView(row: Newsletter): NewsletterResponse {
  const { _id: id, state, name, list_id, source, subject, preheader, html, template_id, from, reply_to } = row;
  const { on_expiry, max_recipients, min_gap_minutes, approval_hours } = row;
  const [next] = state === 'paused' ? [] : timesAfter(row, now(), 1);
  return {
    id,
    state,
    name,
    list_id,
    schedule: scheduleView(row),
    next_at: next === undefined ? null : timestamp(next),
    source,
    ...{ subject, preheader, html, template_id, from, reply_to, settings: row.settings },
    approval: approval_hours !== null,
    approval_expires_hours: approval_hours,
    ...{ on_expiry, max_recipients, min_gap_minutes, test_to: [...row.test_to] },
    created_at: timestamp(row.created_at),
    updated_at: timestamp(row.updated_at),
  };
}

function scheduleView(row: Newsletter): NewsletterResponse['schedule'] {
  const { cron, zone, skip, jitter_seconds, overlap, calendars } = row;
  const [only] = calendars;
  const named = only && {
    minutes: only.minute,
    hours: only.hour,
    days: only.day,
    months: only.month,
    weekdays: only.weekday,
  };
  return {
    cron,
    calendar: cron === null ? (named ?? null) : null,
    zone,
    start_at: timestampOrNull(row.start_at),
    end_at: timestampOrNull(row.end_at),
    skip: [...skip],
    jitter_seconds,
    overlap,
    catch_up_minutes: Math.round(row.catch_up_seconds / 60),
    lead_minutes: Math.round(row.lead_seconds / 60),
  };
}

/** When an issue begins, when it is sent, and its local time in the zone. */
export function nextTimesView(row: Newsletter, count: number): Static<typeof NextTime>[] {
  return timesAfter(row, now(), count).map((time) => ({
    scheduled_at: timestamp(time),
    send_at: timestamp(new Date(time.getTime() + row.lead_seconds * 1_000)),
    local: formatInZone(row.zone, time),
  }));
}

export function issueView(row: Issue, waiting: Waiting | null): Static<typeof IssueView> {
  const { _id: id, kind, state, reason, detail, late, sent_late, subject, campaign: campaign_id } = row;
  // A triggered issue waits for its content and its approval, not for a time.
  const sendAt = kind === 'triggered' ? (row.launched_at ?? row.created_at) : row.send_at;
  return {
    ...{ id, kind, scheduled_at: timestamp(row.scheduled_at), send_at: timestamp(sendAt) },
    ...{ state, reason, detail, waiting: waitingView(waiting), late, sent_late, subject, campaign_id },
    items_sent: row.feed?.sent ?? null,
    items_left: row.feed?.left ?? null,
    created_at: timestamp(row.created_at),
    launched_at: timestampOrNull(row.launched_at),
    closed_at: timestampOrNull(row.closed_at),
  };
}
