import type { Config } from '../../config.js';
import { inject, whyNot } from '../faults/inject.js';
import type { FaultName } from '../faults/names.js';
import type { Scene } from '../faults/scene.js';
import { type PlannedFault, planOf } from '../plan.js';
import { seeded } from '../random.js';
import type { Judge } from '../receiver/judge.js';
import { type Verdict, verdictOf } from '../verdict.js';
import { addWebhook, preparedCampaign } from './campaigns.js';
import { type PostedMessage, postMessages } from './messages.js';
import { untilAtRest, untilDecided, untilReceived } from './progress.js';
import { recordOf } from './record.js';
import { onServers, type RunServers } from './servers.js';

export interface RunOptions {
  readonly config: Config;
  /** The compiled command line. */
  readonly program: string;
  readonly seed: number;
  readonly recipients: number;
  /** Mails of the campaign a second; slow enough that each fault meets a campaign under way. */
  readonly rate: number;
  readonly messages: number;
  /** How many faults, and from which to choose. */
  readonly faults: number;
  readonly among: readonly FaultName[];
  readonly report: (line: string) => void;
}

/** A fault as it was injected. */
interface InjectedFault extends PlannedFault<FaultName> {
  /** The longest time without an accepted mail from its beginning until the next fault or the end of the campaign, in seconds. */
  readonly silence: number;
}

/** A planned fault that this machine cannot inject. */
interface NotTried {
  readonly fault: FaultName;
  readonly why: string;
}

export interface RunResult {
  readonly seed: number;
  readonly faults: readonly InjectedFault[];
  readonly notTried: readonly NotTried[];
  readonly verdict: Verdict;
  readonly seconds: number;
  /** Whether everything was decided within the limit. */
  readonly ended: boolean;
  /** Where the logs of its processes are; null where the promise held. */
  readonly logs: string | null;
}

/** After the last fault: a lease of a lost page, a failover and all retries fit in. */
const LIMIT_MS = 240_000;
const QUIET_MS = 60_000;
/** What the addresses of the campaign begin with. */
const READER = 'reader';

/** One campaign beside messages and a webhook, on servers of its own, with the faults that the seed plans. */
export function chaosRun(options: RunOptions): Promise<RunResult> {
  const { config, program, seed } = options;
  const held = ({ verdict, ended }: Pick<RunResult, 'verdict' | 'ended'>) => verdict.holds && ended;
  return onServers({ config, program, random: seeded(seed + 1) }, (servers) => faultyRun(servers, options), held);
}

async function faultyRun(servers: RunServers, options: RunOptions): Promise<Omit<RunResult, 'logs'>> {
  const { installation, judge, webhook, call } = servers;
  const { seed, recipients, rate, report } = options;
  const since = performance.now();
  const key = `chaos-${seed}`;
  await addWebhook(call, webhook.url, key);
  const campaign = await preparedCampaign(call, { key, name: READER, recipients, rate });
  const everyMs = (recipients / rate / Math.max(1, options.messages)) * 1_000;
  const posting = postMessages(call, { key, name: 'message', count: options.messages, everyMs });
  posting.catch(() => undefined);
  await call('POST', `/campaigns/${campaign}/send`, { body: {}, key: `${key}-send` });
  const { faults, notTried, bound } = await injectAll({ installation, judge, call, campaign }, options);
  const atRest = await untilAtRest({ call, campaign, report }, LIMIT_MS);
  const end = performance.now();
  const messages: readonly PostedMessage[] = await posting;
  const decided = await untilDecided(call, messages, LIMIT_MS);
  await untilReceived(call, webhook, QUIET_MS);
  const run = { call, judge, campaigns: [campaign], messages };
  const verdict = verdictOf(await recordOf(run, { bound: bound + judge.broken(), received: webhook.received() }));
  const last = Math.min(end, timeOfMail(judge, NEARLY_ALL * recipients));
  const injected = faults.map((fault, i) => silenceAfter(judge, fault, faults[i + 1]?.at ?? last));
  const seconds = Math.round((performance.now() - since) / 1_000);
  return { seed, faults: injected, notTried, verdict, ended: atRest && decided, seconds };
}

type Begun = PlannedFault<FaultName> & { readonly at: number };

async function injectAll(scene: Scene, { seed, faults, among, recipients, report }: RunOptions) {
  const begun: Begun[] = [];
  let bound = 0;
  const notTried: NotTried[] = [];
  for (const planned of planOf(seed, { among, faults })) {
    const why = whyNot(scene.installation, planned.fault);
    if (why !== undefined) {
      notTried.push({ fault: planned.fault, why });
      continue;
    }
    if (!(await reached(scene, planned.from * recipients, report))) break;
    report(`${planned.fault}, ${planned.seconds} s, at ${Math.round(planned.from * 100)} %`);
    begun.push({ ...planned, at: performance.now() });
    bound += await inject(scene, planned);
  }
  return { faults: begun, notTried, bound };
}

/** Waits until the receiver has so many mails of the campaign; false: the campaign rests before. */
async function reached(
  { judge, call, campaign }: Scene,
  mails: number,
  report: (line: string) => void,
): Promise<boolean> {
  const has = () => mailsOfCampaign(judge).length >= mails;
  while (!has()) if (await untilAtRest({ call, campaign, report }, 1_000)) return has();
  return true;
}

/** Behind it are the retries of deferred recipients, which wait for minutes. */
const NEARLY_ALL = 0.95;

/** When the receiver had so many mails of the campaign. */
function timeOfMail(judge: Judge, count: number): number {
  return mailsOfCampaign(judge)[Math.floor(count) - 1]?.at ?? Number.POSITIVE_INFINITY;
}

function mailsOfCampaign(judge: Judge) {
  return judge.accepted().filter(({ to }) => to.startsWith(READER));
}

function silenceAfter(judge: Judge, { at, ...fault }: Begun, until: number): InjectedFault {
  const times = judge.accepted().map((mail) => mail.at);
  const within = [at, ...times.filter((time) => time > at && time < until), Math.max(at, until)];
  const gaps = within.slice(1).map((time, i) => time - (within[i] ?? time));
  return { ...fault, silence: Math.round(Math.max(0, ...gaps) / 100) / 10 };
}
