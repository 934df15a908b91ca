import { issueView, newsletterView, nextTimesView } from '../../api/routes/newsletters/view.js';
import type { Config } from '../../config.js';
import { issuesWaiting } from '../../services/waiting/issues-waiting.js';
import { stores } from '../../store/stores.js';
import { withOpenStore } from '../keys.js';
import { exact, print, section } from './lines.js';
import type { StoryOptions } from './status.js';

const ISSUES_SHOWN = 10;
const TIMES_SHOWN = 3;

/** `everpost newsletter <id>`: when its issues leave, and what the latest ones wait for. */
export function newsletter(config: Config, id: number, { account, json }: StoryOptions): Promise<number> {
  return withOpenStore(config, async (store) => {
    // None of the answers needs a sealed value.
    const nouns = stores(store, { secret: '' });
    const row = await nouns.newsletters.find(account, id);
    if (typeof row === 'string') {
      console.error(`Account ${account} has no newsletter ${id}: everpost newsletter lists them.`);
      return 1;
    }
    const { found } = await nouns.issues.page(account, id, 0, ISSUES_SHOWN);
    const waiting = await issuesWaiting(nouns, account, found);
    const issues = found.map((issue) => issueView(issue, waiting.get(issue._id) ?? null));
    const next = row.state === 'paused' ? [] : nextTimesView(row, TIMES_SHOWN);
    const { name, state } = newsletterView(row);
    print(
      { id, name, state, issues, next },
      storyOf(`Newsletter ${id}, "${name}": ${state}`, issues, inZone(next, row.zone)),
      json,
    );
    return 0;
  });
}

function inZone(times: ReturnType<typeof nextTimesView>, zone: string) {
  return times.map((time) => ({ ...time, local: `${time.local}, ${zone}` }));
}

function storyOf(
  title: string,
  issues: readonly ReturnType<typeof issueView>[],
  next: ReturnType<typeof nextTimesView>,
): string[] {
  return [
    title,
    ...section('Issues, the latest first:', issues.map(issueLine)),
    ...section(
      'Next issues:',
      next.map(({ send_at, local }) => `leaves on ${exact(send_at)} (begins at ${local})`),
    ),
  ];
}

function issueLine({
  id,
  state,
  reason,
  detail,
  send_at,
  subject,
  waiting,
  campaign_id,
}: ReturnType<typeof issueView>) {
  const when = state === 'preparing' ? `leaves on ${exact(send_at)}` : `sending time ${exact(send_at)}`;
  const named = subject === null ? '' : `, "${subject}"`;
  const campaign = campaign_id === null ? '' : `, campaign ${campaign_id}`;
  const because = reason === null ? '' : ` (${reason}${detail === null ? '' : `: ${detail}`})`;
  const waits = waiting && `; waiting since ${exact(waiting.since)} (${waiting.reason}): ${waiting.detail}`;
  return `${id}${named}${campaign}: ${state}${because}, ${when}${waits ?? ''}`;
}
