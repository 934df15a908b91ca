import { type Static, Type } from 'typebox';
import { Failure } from '../../domain/errors.js';
import { campaignMails } from '../../services/person/campaign-mails.js';
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
import { personFields, type SearchedPerson, searchedPerson } from './people/search.js';

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
      const { kind, after, limit, ...named } = request.query;
      const person = await searchedPerson(deps, account, named);
      if (person === 'missing') return { data: [], meta: { next: null } };
      const cursor = after === undefined ? {} : parseCursor(after);
      const query = { account, cursor, limit: limit + 1, person };
      const [campaigns, messages] = await Promise.all([
        kind === 'message' ? NO_CAMPAIGNS : sentCampaigns(deps, query),
        kind === 'campaign' ? [] : sentMessages(deps, query),
      ]);
      const mailings = searchedMailings(campaigns, messages);
      const page = mailings.slice(0, limit);
      const { searchedTo } = campaigns;
      const isMore = mailings.length > limit || searchedTo !== undefined;
      const end = cursorAfter(page, cursor);
      const next = searchedTo === undefined || mailings.length > limit ? end : { ...end, campaign: searchedTo };
      return { data: await mailingViews(deps, account, page), meta: { next: isMore ? formatCursor(next) : null } };
    },
  );
}

interface SentQuery {
  readonly account: number;
  readonly cursor: SentCursor;
  readonly limit: number;
  readonly person: SearchedPerson | undefined;
}

/** `searchedTo`: the search for one person ended there, and earlier launches may have them. */
interface SentCampaigns {
  readonly found: readonly CampaignSummary[];
  readonly searchedTo?: LaunchPosition | undefined;
}

const NO_CAMPAIGNS: SentCampaigns = { found: [] };

async function sentCampaigns(deps: Deps, { account, cursor, limit, person }: SentQuery): Promise<SentCampaigns> {
  if (person === undefined) return { found: await deps.campaigns.byLaunch(account, cursor.campaign, limit) };
  const wanted = ({ status }: { readonly status: string }) => status === 'sent';
  const { found, searchedTo } = await campaignMails(deps, {
    ...{ account, rows: person.rows, after: cursor.campaign, limit, wanted },
  });
  return { found: found.map(({ campaign }) => campaign), searchedTo };
}

function sentMessages({ messages }: Deps, { account, cursor, limit, person }: SentQuery): Promise<Message[]> {
  return messages.page(account, { state: 'sent', after: cursor.message, limit, to: person?.emailKey });
}

/** Both in order; messages from before the end of a search wait for the next page, which searches on. */
function searchedMailings({ found, searchedTo }: SentCampaigns, messages: readonly Message[]): Mailing[] {
  return mergedByTime(found, messages).filter(({ at }) => searchedTo === undefined || at >= searchedTo.at);
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
    ...personFields,
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
