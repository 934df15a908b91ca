import type { FastifyReply, FastifyRequest } from 'fastify';
import { LRUCache } from 'lru-cache';
import { Type } from 'typebox';
import { monotonic, now } from '../../../clock.js';
import type { Visit } from '../../../domain/tracking/visit.js';
import type { LinkSource, Links, TrackedLinks } from '../../../store/tracking/links.js';
import type { Api } from '../../api.js';
import type { Deps } from '../../wiring.js';
import { type ReadTrackedLink, trackedLinkReader } from '../link-reader.js';
import { sendInvalidLink } from '../page.js';
import { LINK, PIXEL as POINT } from '../schema.js';
import { type GroupCommit, groupCommit } from './group-commit.js';
import { type Hit, recordingHits, verdictOf, visitorOf } from './recording.js';

const schema = { tags: ['Public pages'], security: [] };

/** One transparent pixel. */
const PIXEL = Buffer.from('R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7', 'base64');

const PRIVATE_HEADERS = {
  'cache-control': 'no-store',
  'x-robots-tag': 'noindex',
  'referrer-policy': 'no-referrer',
} as const;

interface Tracker {
  readonly read: ReadTrackedLink;
  readonly source: FindSource;
  readonly hits: GroupCommit<Hit>;
}

/** Links and pixels of tracked mails. A destination comes from the store, never from the request. */
export function trackedLinks(app: Api, deps: Deps): void {
  const { log, visitTimeout: timeout } = deps;
  const hits = groupCommit<Hit>({ write: recordingHits(deps), log, ...(timeout !== undefined && { timeout }) });
  app.addHook('onClose', () => hits.close());
  const tracker = { read: trackedLinkReader(deps.linkKeys), source: linkSources(deps.links), hits };

  const params = Type.Object({ token: Type.String(), n: Type.String() });
  app.get(
    '/c/:token/:n',
    { schema: { ...schema, params, summary: 'Follow a link', response: LINK } },
    async (request, reply) => {
      const { token, n } = request.params;
      const link = /^[1-9]\d{0,5}$/.test(n) ? Number(n) : 0;
      const mail = await mailOf(tracker, token, link);
      const destination = mail?.source.urls[link - 1];
      if (mail === undefined || destination === undefined) return sendInvalidLink(deps, request, reply);
      await accept(tracker, request, mail, { what: 'clicked', link, url: destination });
      return reply
        .code(302)
        .headers({ ...PRIVATE_HEADERS, location: destination })
        .send();
    },
  );

  const image = Type.Object({ image: Type.String() });
  app.get(
    '/o/:image',
    { schema: { ...schema, params: image, summary: 'Fetch the pixel', response: POINT } },
    async (request, reply) => {
      const token = request.params.image.replace(/\.gif$/, '');
      // A missing image would be visible in the mail: the pixel is returned whatever fails.
      const mail = await mailOf(tracker, token, 0).catch(() => undefined);
      if (mail !== undefined) await accept(tracker, request, mail, { what: 'opened' });
      return sendPixel(reply);
    },
  );
}

interface Mail {
  readonly token: string;
  readonly source: TrackedLinks;
  readonly owner: Hit['owner'];
  readonly madeAt: Date | undefined;
}

/** The mail of a token; undefined for an invalid token, and for mails without tracking. */
async function mailOf({ read, source }: Tracker, token: string, link: number): Promise<Mail | undefined> {
  const owner = await read(token);
  if (owner === undefined) return undefined;
  if ('message' in owner) {
    const found = await source('message', owner.message, link);
    const message = found?.account === owner.account ? found.message : undefined;
    if (found === undefined || message === undefined) return undefined;
    return { token, source: found, owner: { message }, madeAt: owner.madeAt };
  }
  const { campaign, subscriber, madeAt } = owner;
  const found = await source('campaign', campaign, link);
  return found && { token, source: found, owner: { campaign, subscriber }, madeAt };
}

/** HEAD is not recorded: it only resolves the destination. */
async function accept(
  { hits }: Tracker,
  request: FastifyRequest,
  { token, source, owner, madeAt }: Mail,
  { url, ...hit }: { readonly what: Visit['what']; readonly link?: number; readonly url?: string },
): Promise<void> {
  if (request.method !== 'GET') return;
  const verdict = verdictOf(hit.what, request, madeAt);
  const webhookFields = 'message' in owner && {
    webhookFields: { ...visitorOf(request, token), ...(url !== undefined && { url }) },
  };
  await hits.add({ account: source.account, owner, ...hit, ...webhookFields, verdict, at: now() });
}

function sendPixel(reply: FastifyReply): FastifyReply {
  return reply.code(200).headers(PRIVATE_HEADERS).type('image/gif').send(PIXEL);
}

const MAX_ENTRIES = 2_000;
const RECHECK_INTERVAL = 1_000;

interface CachedSource {
  readonly found: TrackedLinks | undefined;
  readonly at: number;
}

type FindSource = (kind: LinkSource['kind'], id: number, link?: number) => Promise<TrackedLinks | undefined>;

/** Caches the targets of recently visited links. A link number is assigned once, so a known target stays valid. */
function linkSources({ ofLink }: Pick<Links, 'ofLink'>): FindSource {
  const cache = new LRUCache<string, CachedSource>({ max: MAX_ENTRIES });

  return async (kind, id, link = 0) => {
    const key = `${kind}:${id}`;
    const last = cache.get(key);
    const knows = last?.found !== undefined && link <= last.found.urls.length;
    if (last !== undefined && (knows || monotonic() - last.at < RECHECK_INTERVAL)) return last.found;
    const entry = { found: (await ofLink(kind, id)) ?? undefined, at: monotonic() };
    cache.set(key, entry);
    return entry.found;
  };
}
