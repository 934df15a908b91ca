import type { Static } from 'typebox';
import { now } from '../../../clock.js';
import { DEFAULT_HOURS } from '../../../domain/campaign/approval.js';
import { demandNoFaults, type FieldErrors } from '../../../domain/errors.js';
import { calendarOf, readCron } from '../../../domain/newsletter/cron.js';
import type { Source } from '../../../domain/newsletter/source.js';
import { everFires } from '../../../domain/newsletter/timetable.js';
import { isZone } from '../../../domain/newsletter/zone.js';
import { givenTime } from '../../../domain/timestamp.js';
import type { TextTasks } from '../../../mail/tasks/text-tasks.js';
import type { NewsletterFields, NewsletterTimes } from '../../../store/newsletters/newsletters.js';
import { DEFAULT_SETTINGS } from '../campaigns/fields.js';
import type { NewNewsletter, NewsletterPatch } from './schema.js';

type Patch = Static<typeof NewsletterPatch>;
type Fields = Omit<NewsletterFields, 'settings' | 'source' | keyof NewsletterTimes>;

const DEFAULT_SCHEDULE: NewsletterTimes = {
  cron: null,
  calendars: [],
  zone: 'UTC',
  start_at: null,
  end_at: null,
  skip: [],
  jitter_seconds: 0,
  overlap: 'skip',
  catch_up_seconds: 3_600,
  lead_seconds: 900,
};

const DEFAULTS: Omit<NewsletterFields, 'name' | 'list_id' | 'source'> = {
  ...DEFAULT_SCHEDULE,
  subject: null,
  preheader: null,
  html: null,
  template_id: null,
  from: null,
  reply_to: null,
  settings: DEFAULT_SETTINGS,
  approval_hours: null,
  on_expiry: 'skip',
  max_recipients: null,
  min_gap_minutes: null,
  test_to: [],
};

/** A new newsletter, or a refusal that names each field at fault. `checkUrl` returns the fault of a URL to fetch from. */
export function newNewsletter(
  account: number,
  body: Static<typeof NewNewsletter>,
  checks: Checks,
): Promise<NewsletterFields> {
  const { name, list_id } = body;
  const source: Source = { kind: 'data' };
  return changedNewsletter(account, body, { ...DEFAULTS, name, list_id, source }, checks);
}

type UrlCheck = (url: string) => string | undefined;

interface Checks {
  readonly url: UrlCheck;
  readonly tasks: Pick<TextTasks, 'checkIssue'>;
}

/** The newsletter after a patch. */
export async function changedNewsletter(
  account: number,
  body: Patch,
  before: NewsletterFields,
  { url, tasks }: Checks,
): Promise<NewsletterFields> {
  const { schedule, source, settings, approval, approval_expires_hours, from, ...others } = body;
  const given = Object.fromEntries(
    Object.entries(others).filter(([, value]) => value !== undefined),
  ) as Partial<Fields>;
  const needsApproval = approval ?? before.approval_hours !== null;
  const after: NewsletterFields = {
    ...before,
    ...given,
    ...(schedule !== undefined && timesOf(schedule)),
    ...(source !== undefined && { source: sourceOf(source) }),
    ...(settings !== undefined && { settings: { ...before.settings, ...settings } }),
    ...(from !== undefined && { from: from && { name: from.name ?? null, email: from.email } }),
    approval_hours: needsApproval ? (approval_expires_hours ?? before.approval_hours ?? DEFAULT_HOURS) : null,
  };
  demandNoFaults({
    ...timeFaults(body, after),
    ...sourceFaults(after, url),
    ...(await letterFaults(account, after, tasks)),
  });
  return after;
}

/** The given fields only. */
function timesOf(schedule: NonNullable<Patch['schedule']>): Partial<NewsletterTimes> {
  const { cron, calendar, start_at, end_at, catch_up_minutes, lead_minutes, ...others } = schedule;
  const given = Object.fromEntries(Object.entries(others).filter(([, value]) => value !== undefined));
  const read = cron === undefined ? undefined : readCron(cron);
  return {
    ...given,
    ...(typeof read === 'object' && { cron: cron ?? null, calendars: [read] }),
    ...(calendar !== undefined && { cron: null, calendars: [calendarFields(calendar)] }),
    ...(start_at !== undefined && { start_at: start_at === null ? null : givenTime(start_at) }),
    ...(end_at !== undefined && { end_at: end_at === null ? null : givenTime(end_at) }),
    ...(catch_up_minutes !== undefined && { catch_up_seconds: catch_up_minutes * 60 }),
    ...(lead_minutes !== undefined && { lead_seconds: lead_minutes * 60 }),
  };
}

function calendarFields(calendar: NonNullable<NonNullable<Patch['schedule']>['calendar']>) {
  const { minutes: minute, hours: hour, days: day, months: month, weekdays: weekday } = calendar;
  return calendarOf({ minute, hour, day, month, weekday });
}

function timeFaults({ schedule }: Patch, after: NewsletterFields): FieldErrors {
  const { calendars, zone, start_at, end_at } = after;
  const read = schedule?.cron === undefined ? undefined : readCron(schedule.cron);
  const both = schedule?.cron !== undefined && schedule.calendar !== undefined;
  return {
    ...(typeof read === 'string' && { 'schedule.cron': [`The schedule.cron ${read}.`] }),
    ...(both && { 'schedule.calendar': ['The schedule.calendar cannot be used together with schedule.cron.'] }),
    ...(calendars.length === 0 &&
      read === undefined && { 'schedule.cron': ['The schedule needs a cron or a calendar.'] }),
    ...(!isZone(zone) && {
      'schedule.zone': ['The schedule.zone must be the name of a time zone, such as Europe/Berlin.'],
    }),
    ...(start_at !== null &&
      end_at !== null &&
      end_at < start_at && { 'schedule.end_at': ['The schedule.end_at is before its start.'] }),
    ...(schedule !== undefined && calendars.length > 0 && isZone(zone) && neverFires(after)),
  };
}

/** The fault of a schedule that matches no day, such as 30 February. */
function neverFires(after: NewsletterFields): FieldErrors {
  if (everFires(after, now())) return {};
  const field = after.cron === null ? 'schedule.calendar' : 'schedule.cron';
  return { [field]: [`The ${field} matches no day of the next eight years.`] };
}

function sourceOf({
  kind,
  prompt = '',
  links = [],
  url = '',
  max_items = 10,
  overflow = 'next_issue',
}: NonNullable<Patch['source']>): Source {
  if (kind === 'ai') return { kind, prompt, links };
  if (kind === 'feed') return { kind, url, max_items, overflow };
  return kind === 'json' ? { kind, url } : { kind };
}

function sourceFaults({ source, html }: NewsletterFields, checkUrl: UrlCheck): FieldErrors {
  if (source.kind === 'ai')
    return source.prompt === '' ? { 'source.prompt': ['The source.prompt is required for ai.'] } : {};
  if (source.kind !== 'feed' && html === null)
    return { html: [`The html is required for ${source.kind}: the template of an issue.`] };
  if (source.kind === 'data') return {};
  const fault = source.url === '' ? 'is required' : checkUrl(source.url);
  return fault === undefined ? {} : { 'source.url': [`The source.url ${fault}.`] };
}

async function letterFaults(
  account: number,
  { subject, preheader, html, source }: NewsletterFields,
  tasks: Checks['tasks'],
): Promise<FieldErrors> {
  return source.kind === 'ai' ? {} : tasks.checkIssue(account, { subject: subject ?? '', preheader, html: html ?? '' });
}
