import { type Static, Type } from 'typebox';
import { Failure } from '../../domain/errors.js';
import type { CampaignSummary, LaunchPosition } from '../../store/campaigns/reading.js';
import type { Message } from '../../store/messages/row.js';
import type { Api } from '../api.js';
import { accountOf } from '../hooks/auth.js';
import { refusals } from '../schema/envelope.js';
import { closed, nullable, Timestamp } from '../schema/fields.js';
import { timestamp } from '../timestamp.js';
import type { Deps } from '../wiring.js';
import { CampaignRow } from './campaigns/schema.js';
import { campaignRowViews } from './campaigns/view.js';
import { messageView } from './messages/view.js';
import { MessageRow } from './messages/view-schema.js';

/** Position in each of the two lists that are merged. */
interface SentCursor {
  readonly campaign?: LaunchPosition;
  readonly message?: string;
}

type Mailing =
  | { readonly kind: 'campaign'; readonly at: Date; readonly row: CampaignSummary }
  | { readonly kind: 'message'; readonly at: Date; readonly row: Message };

export function sentMail(app: Api, deps: Deps): void {
  app.get(
    '/sent',
    {
      schema: {
        tags: ['Messages'],
        summary: 'List sent campaigns and messages, the latest first',
        querystring: SentSearch,
        response: { 200: SentPage, ...refusals },
      },
    },
    async (request) => {
      const account = accountOf(request);
      const { kind, after, limit } = request.query;
      const cursor = after === undefined ? {} : parseCursor(after);
      const [campaigns, messages] = await Promise.all([
        kind === 'message' ? [] : deps.campaigns.byLaunch(account, cursor.campaign, limit + 1),
        kind === 'campaign'
          ? []
          : deps.messages.page(account, { state: 'sent', after: cursor.message, limit: limit + 1 }),
      ]);
      const mailings = mergedByTime(campaigns, messages);
      const page = mailings.slice(0, limit);
      const next = mailings.length > limit ? formatCursor(cursorAfter(page, cursor)) : null;
      return { data: await mailingViews(deps, account, page), meta: { next } };
    },
  );
}

/** Merges both lists without changing the order of either: a position in the result is a position in each. */
function mergedByTime(campaigns: readonly CampaignSummary[], messages: readonly Message[]): Mailing[] {
  const begun: Mailing[] = campaigns.map((row) => ({ kind: 'campaign', at: row.launched_at ?? row.created_at, row }));
  const accepted: Mailing[] = messages.map((row) => ({ kind: 'message', at: row.created_at, row }));
  const all: Mailing[] = [];
  for (let [one, other] = [begun.shift(), accepted.shift()]; one !== undefined || other !== undefined; ) {
    if (other === undefined || (one !== undefined && one.at >= other.at)) {
      all.push(...(one === undefined ? [] : [one]));
      one = begun.shift();
    } else {
      all.push(other);
      other = accepted.shift();
    }
  }
  return all;
}

async function mailingViews(deps: Deps, account: number, page: readonly Mailing[]) {
  const rows = page.flatMap((mailing) => (mailing.kind === 'campaign' ? [mailing.row] : []));
  const views = new Map((await campaignRowViews(deps, account, rows)).map((view) => [view.id, view]));
  return page.flatMap((mailing): SentMailResponse[] => {
    const begun_at = timestamp(mailing.at);
    if (mailing.kind === 'message') return [{ kind: mailing.kind, begun_at, message: messageView(mailing.row) }];
    const campaign = views.get(mailing.row._id);
    return campaign === undefined ? [] : [{ kind: mailing.kind, begun_at, campaign }];
  });
}

function cursorAfter(page: readonly Mailing[], before: SentCursor): SentCursor {
  const campaign = page.findLast((mailing) => mailing.kind === 'campaign');
  const message = page.findLast((mailing) => mailing.kind === 'message');
  return {
    ...before,
    ...(campaign !== undefined && { campaign: { at: campaign.at, id: campaign.row._id } }),
    ...(message !== undefined && { message: message.row._id }),
  };
}

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

function formatCursor({ campaign, message }: SentCursor): string {
  const parts = [campaign?.at.getTime() ?? '', campaign?.id ?? '', message ?? ''];
  return Buffer.from(parts.join(' ')).toString('base64url');
}

function parseCursor(after: string): SentCursor {
  const [at = '', id = '', message = '', ...rest] = Buffer.from(after, 'base64url').toString().split(' ');
  const hasCampaign = /^\d{1,15}$/.test(at) && /^\d{1,15}$/.test(id);
  const known =
    rest.length === 0 && (hasCampaign || (at === '' && id === '')) && (message === '' || UUID.test(message));
  if (!known) throw new Failure('validation_failed', { after: ['The after must be the next of an earlier page.'] });
  return {
    ...(hasCampaign && { campaign: { at: new Date(Number(at)), id: Number(id) } }),
    ...(message !== '' && { message }),
  };
}

const SENT_KINDS = ['campaign', 'message'] as const;

const SentSearch = Type.Object(
  {
    kind: Type.Optional(Type.Enum([...SENT_KINDS])),
    after: Type.Optional(Type.String({ maxLength: 200, pattern: '^[A-Za-z0-9_-]+$' })),
    limit: Type.Integer({ minimum: 1, maximum: 100, default: 50 }),
  },
  closed,
);

/** One entry: a campaign as in `GET /campaigns`, or a message as in `GET /messages`. */
const SentMail = Type.Union([
  Type.Object({ kind: Type.Literal('campaign'), begun_at: Timestamp, campaign: CampaignRow }),
  Type.Object({ kind: Type.Literal('message'), begun_at: Timestamp, message: MessageRow }),
]);

type SentMailResponse = Static<typeof SentMail>;

const SentPage = Type.Object({
  data: Type.Array(SentMail),
  meta: Type.Object({ next: nullable(Type.String({ description: 'The `after` of the next page.' })) }),
});
