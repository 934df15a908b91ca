import { randomUUID } from 'node:crypto';
import { setMaxListeners } from 'node:events';
import { Context } from '@temporalio/activity';
import type { Logger } from 'pino';
import type { Registry } from 'prom-client';
import { deferringDomains } from '../activities/campaign/deferring-domains.js';
import { roundCheck } from '../activities/campaign/freeze/round-check.js';
import { reputationGuard, throttledGuard } from '../activities/campaign/reputation.js';
import { fairTurns } from '../activities/campaign/turns.js';
import { windowShares } from '../activities/campaign/window-shares.js';
import type { ActivityDeps } from '../activities/index.js';
import { messageMail, messageTrackingLinks, optOutUrls } from '../activities/message/mail.js';
import { messageActivities } from '../activities/message/message.js';
import type { Config } from '../config.js';
import type { ProtocolTimes } from '../domain/delivery/protocol.js';
import type { ProcessShare } from '../domain/transport.js';
import { renderer } from '../mail/render/pool.js';
import { openTextTasks } from '../mail/tasks/text-tasks.js';
import { rotatingRing } from '../mail/tokens/key-ring.js';
import { linkTokens } from '../mail/tokens/link-tokens.js';
import { returnPaths } from '../mail/tokens/return-path.js';
import { compiledLetters } from '../services/letters/compiled-letters.js';
import { signing } from '../services/signing.js';
import type { Store } from '../store/mongo/connect.js';
import type { DeadOwners } from '../store/mongo/lease.js';
import { owners } from '../store/processes/owners.js';
import { keptSecret } from '../store/secrets/sealing.js';
import { stores } from '../store/stores.js';
import { addressGuard } from '../web/address-guard.js';
import { webClient } from '../web/client.js';
import { guardedDial } from '../web/connector.js';
import { countedLedger, countedProgress, mailMetrics } from './metrics.js';
import { ownerWatch } from './owner-watch.js';
import { lanesPerCampaign, turnSettings } from './queues.js';
import { transportReports } from './transports/transport-reports.js';
import { accountTransports, type Transports } from './transports/transports.js';

export interface WorkerDependencies {
  readonly config: Config;
  readonly store: Store;
  readonly smtpUrl: string;
  readonly times: ProtocolTimes;
  readonly lanes: number;
  /** The part of the connections that this process has for campaigns; undefined: all of them. */
  readonly share?: ProcessShare | undefined;
  /** Whether campaigns are sent here, or all other work is done here; undefined: both. */
  readonly part?: 'send' | 'others' | undefined;
  readonly log: Logger;
  /** Counts the outcomes of mails; undefined: they are not counted. */
  readonly registry?: Registry | undefined;
}

/** Time for which a report that was not understood is kept. */
const UNREAD_REPORTS_KEPT_MS = 3 * 86_400_000;

/** The dependencies of all activities in a worker process, created once; the engine follows with the connection to Temporal. */
export async function activityWiring(dependencies: WorkerDependencies, { stopping, drained }: Stop) {
  const { config, times, lanes, log } = dependencies;
  const watch = ownerWatch({ rows: owners(dependencies.store), times, log });
  const rows = countedStores(dependencies, watch.dead);
  const ring = rotatingRing(await rows.linkKeys.ring(), rows.linkKeys.ring);
  const outgoing = openTransports(dependencies, rows);
  const checkReputation = reputationGuard({ ...rows, limits: config.pauseAt });
  const mail = {
    config,
    publicUrl: config.publicUrl,
    outgoing,
    transportsFor: outgoing.of,
    signing: signing({ ...rows, config }),
    paths: returnPaths(ring),
    linkTokens: linkTokens(ring),
    times,
    stopping,
    drained,
    newToken: watch.newToken,
    ...temporalContext,
  };
  return {
    ...rows,
    ...mail,
    log,
    ownerWatch: watch,
    ownersAreUndecided: watch.ownersAreUndecided,
    windowShares: windowShares(),
    maxLanes: lanesPerCampaign(config),
    sendsHere: outgoing.sendsHere,
    turns: fairTurns(turnSettings(lanes, times)),
    renderer: renderer(),
    tasks: openTextTasks(),
    web: webClient({ exceptions: config.allowedPrivateHosts }),
    draftWriter: await draftWriterOf(config),
    readableFor: UNREAD_REPORTS_KEPT_MS,
    letters: compiledLetters({ ...rows, ...mail }),
    checkRound: roundCheck(rows),
    guard: throttledGuard(checkReputation),
    checkReputation,
    deferringDomains: deferringDomains(times.firstRetry / 2),
    messageSteps: messageSteps({ ...rows, ...mail }),
  } satisfies Omit<ActivityDeps, 'engine'> & { outgoing: Transports; ownerWatch: unknown };
}

type Rows = ReturnType<typeof countedStores>;

/** The stores; the two that record outcomes of mails also count them where metrics are enabled. */
function countedStores({ config, store, times, registry }: WorkerDependencies, dead: DeadOwners) {
  const rows = stores(store, { secret: config.secret ?? keptSecret(config.dataDir), lease: times.lease, dead });
  const metrics = registry === undefined ? undefined : mailMetrics(registry);
  return {
    ...rows,
    ledger: countedLedger(rows.ledger, metrics?.campaign),
    messageProgress: countedProgress(rows.messageProgress, metrics?.message),
    recordDuration: metrics?.duration,
  };
}

function openTransports(dependencies: WorkerDependencies, rows: Rows): Transports {
  const { config, smtpUrl, times, log, share, part } = dependencies;
  const dial = guardedDial(addressGuard(config.allowedPrivateHosts));
  const { smtpConnections } = config;
  const { transportHealth } = rows;
  const reports = transportReports({ transportHealth, process: randomUUID(), every: times.lease / 6 });
  return accountTransports({
    ...rows,
    smtpUrl,
    smtpConnections,
    reports,
    share,
    sendsAll: part === undefined,
    times,
    dial,
    log,
  });
}

type MessageStepDeps = Omit<Parameters<typeof messageActivities>[0], 'messageMail'> &
  Omit<Parameters<typeof messageMail>[0], 'trackingLinksOf' | 'optOutUrlOf'> &
  Parameters<typeof messageTrackingLinks>[0];

function messageSteps(deps: MessageStepDeps) {
  const links = { trackingLinksOf: messageTrackingLinks(deps), optOutUrlOf: optOutUrls(deps) };
  return messageActivities({ ...deps, messageMail: messageMail({ ...deps, ...links }) });
}

/**
 * Without a key of a language model there are no drafts; all else works. Its client and its schemas are nearly half of the
 * modules of a worker, so that they are loaded only with a key.
 */
async function draftWriterOf({ openaiApiKey: apiKey, openaiBaseUrl: baseUrl, openaiModel: model }: Config) {
  if (apiKey === undefined) return undefined;
  const [{ draftWriter }, { languageModel }] = await Promise.all([
    import('../ai/draft-writer.js'),
    import('../ai/model.js'),
  ]);
  return draftWriter(languageModel({ apiKey, baseUrl, model }));
}

/** What an activity uses of Temporal's SDK. */
const temporalContext = {
  heartbeat: () => Context.current().heartbeat(),
  activityContext: () => {
    const context = Context.current();
    return { cancelled: context.cancellationSignal, heartbeat: () => context.heartbeat() };
  },
};

/** The two moments of a shutdown: claim no more work (SIGTERM), and abort open work at the drain limit. */
interface Stop {
  readonly stopping: AbortSignal;
  readonly drained: AbortSignal;
  begin(): void;
  /** Closes sockets at once: open mails become uncertain, waiting ones are deferred. */
  drain(transports: { destroy(): void }): void;
}

export function orderlyStop(): Stop {
  const stopping = new AbortController();
  const drained = new AbortController();
  // Each transport of each account listens to this signal.
  setMaxListeners(0, drained.signal);
  return {
    stopping: stopping.signal,
    drained: drained.signal,
    begin: () => stopping.abort(),
    drain: (transports) => {
      drained.abort();
      transports.destroy();
    },
  };
}
