import PostalMime from 'postal-mime';
import { useClock } from '../../../clock.js';
import { returnPaths } from '../../../mail/tokens/return-path.js';
import { aList, aSubscriber } from '../api/api.js';
import { post } from '../api/messages.js';
import { visit } from '../api/tracking.js';
import { aReport } from '../mail/reports.js';
import { hookReceiver } from '../scripted/hook-receiver.js';
import { testNamespace } from '../servers/test-servers.js';
import { until } from '../until.js';
import { draftEverpost } from './draft-everpost.js';

export type EventFixture = Awaited<ReturnType<typeof eventFixture>>;

const LIMIT = 60_000;
export const IN_A_MONTH = '2126-05-22T13:00:00Z';
export const HTML = '<p>Hello, <a href="https://shop.test/tea">tea</a></p>';
/** Replies of the receiver, by local part; all but the last only once for each address. */
const REFUSALS: Readonly<Record<string, string>> = {
  later: '451 4.3.0 try again in 1 second',
  blocked: '451 4.7.1 your IP is listed by a DNSBL, try again in 1 second',
  limited: '452 4.7.1 Hourly quota exceeded, try again in 1 second',
  missing: '550 5.1.1 no such user',
};

/** The whole product, and the actions of its users, recipients and mail servers. */
export async function eventFixture() {
  const options = { temporal: await testNamespace(), environment: { ALLOWED_PRIVATE_HOSTS: '127.0.0.1' } };
  const everpost = await draftEverpost(refusingReceiver(), options);
  const gone = await hookReceiver(() => 410);
  await everpost.startWorker();
  const { api } = everpost;
  let lists = 0;

  const call = async (route: string, payload?: object) =>
    (await api.call(route.replace(' /', ' /api/v1/'), payload && { payload })).body;
  const collection = (name: string) => api.store.db.collection(name);
  const state = async (of: string, id: number | string) => JSON.parse(await call(`GET /${of}/${id}`)).data.state;
  return {
    ...everpost,
    call,
    collection,
    /** An endpoint that answers 410. */
    gone: gone.url,
    untilEvent: (type: string, about: object = {}) =>
      until(async () => (await collection('events').findOne({ type, ...about })) !== null, LIMIT),
    untilTrue: (condition: () => Promise<boolean>) => until(condition, LIMIT),
    untilState: (of: string, id: number | string, wanted: string) =>
      until(async () => (await state(of, id)) === wanted, LIMIT),
    /** A list of its own with such readers, at a domain of its own, by their local parts. */
    readers: async (...names: string[]) => {
      lists += 1;
      const list = await aList(api);
      const ids = new Map<string, number>();
      const domain = `list${lists}.test`;
      const at = (name: string) => `${name}@${domain}`;
      for (const name of names) ids.set(name, (await aSubscriber(api, list, { email: at(name) })).id);
      return { list, ids, at };
    },
    mailTo: async (address: string) => {
      await until(() => everpost.receiver.accepted.some(({ to }) => to.includes(address)), LIMIT);
      const { raw } = everpost.receiver.accepted.findLast(({ to }) => to.includes(address)) ?? {};
      const { html = '' } = await PostalMime.parse(raw ?? '');
      const path = (kind: string) => new RegExp(`"http://[^/"]+(/${kind}/[^"]+)"`).exec(html)?.[1] ?? '';
      return { link: path('c'), pixel: path('o') };
    },
    /** Visits ten minutes later: a click within seconds counts as a machine's. */
    visitLater: async (path: string): Promise<void> => {
      const restore = useClock({ now: () => new Date(Date.now() + 600_000) });
      await visit(api, path).finally(restore);
    },
    /** A report about a mail, handed in from outside. */
    reported: async (name: string, token: string): Promise<void> => {
      const about = { returnPath: `${token}@bounce.acme.example`, messageId: 'x@y.example' };
      const headers = { 'content-type': 'message/rfc822' };
      await api.call('POST /api/v1/inbound/raw', { payload: aReport(name, about), headers });
    },
    paths: async () => returnPaths(await api.deps.linkKeys.ring()),
    aMessage: async (local: string, fields: object = {}): Promise<string> =>
      (await post(api, { to: `${local}@messages.test`, html: HTML, ...fields })).json().data.id,
    close: async () => {
      await everpost.close();
      await gone.close();
    },
  };
}

function refusingReceiver() {
  const seen = new Set<string>();
  return {
    onRcpt: (address: string) => {
      const [local = ''] = address.split('@');
      if (local !== 'missing' && seen.has(address)) return undefined;
      seen.add(address);
      return REFUSALS[local];
    },
    onData: ({ to }: { readonly to: readonly string[] }) => (to[0]?.startsWith('lost@') ? 'drop' : undefined),
  };
}
