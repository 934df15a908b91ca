import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { Connection } from '@temporalio/client';
import { MongoClient } from 'mongodb';
import { retryUntilClosed } from '../../api/engine/lazy-client.js';
import { monotonic, now } from '../../clock.js';
import { temporalConnection, temporalFaults } from '../../config/temporal-connection.js';
import type { Config } from '../../config.js';
import { BINARIES, type BinaryName } from '../../servers/provision/binaries.js';
import { findInstalled } from '../../servers/provision/find-binary.js';
import { reasonOf } from '../../servers/report.js';
import { SEARCH_ATTRIBUTES, searchByAttributes } from '../../workers/namespace.js';
import { type Finding, fault, note, ok, warning } from './finding.js';

const CONNECT_TIMEOUT_MS = 5000;
/** TaskQueueType of Temporal's API. */
const ACTIVITY_TASKS = 2;
const SKEW_WARNING_MS = 2000;
const SKEW_FAULT_MS = 60_000;

/** The embedded server where no address is given: already provisioned, or to be fetched. */
async function checkBinary(name: BinaryName, config: Config): Promise<Finding> {
  const { title, command } = BINARIES[name];
  try {
    const { path, version, origin } = await findInstalled(name, config);
    return ok(title, `embedded, ${[version, path].filter(Boolean).join(' in ')} (${origin})`);
  } catch {
    const advice = `the first start fetches it; without network install ${command} in a folder on PATH`;
    return note(title, 'embedded, its program is not here yet', advice);
  }
}

export async function checkMongo(config: Config): Promise<Finding[]> {
  if (config.mongodbUrl === undefined) return [await checkBinary('mongod', config)];
  const client = new MongoClient(config.mongodbUrl, {
    serverSelectionTimeoutMS: CONNECT_TIMEOUT_MS,
    connectTimeoutMS: CONNECT_TIMEOUT_MS,
  });
  try {
    const database = client.db(config.mongodbDatabase);
    const { version } = await database.command({ buildInfo: 1 });
    const requestedAt = monotonic();
    const hello = await database.command({ hello: 1 });
    const oneWay = (monotonic() - requestedAt) / 2;
    const skew = Math.round(now().getTime() - oneWay - (hello['localTime'] as Date).getTime());
    return [checkTopology(String(version), hello['setName'] as string | undefined), checkSkew(skew)];
  } catch (failure) {
    const advice = 'check that it runs and that MONGODB_URL names host, user and password rightly';
    return [fault('MongoDB', `not reached: ${reasonOf(failure)}`, advice)];
  } finally {
    await client.close();
  }
}

function checkTopology(version: string, setName: string | undefined): Finding {
  if (Number.parseInt(version, 10) < 6)
    return fault('MongoDB', `version ${version} is too old`, 'run MongoDB 6 or newer');
  if (setName !== undefined) return ok('MongoDB', `reached, version ${version}, replica set ${setName}`);
  return fault('MongoDB', `version ${version} is no replica set`, 'start it with --replSet and run rs.initiate() once');
}

export function checkSkew(skewMs: number, server = 'MongoDB'): Finding {
  const says = `${Math.abs(skewMs)} ms ${skewMs < 0 ? 'behind' : 'ahead of'} ${server}'s`;
  const advice = 'let a time service (chrony, systemd-timesyncd) set the clock of both machines';
  if (Math.abs(skewMs) > SKEW_FAULT_MS) return fault('Clock', says, advice);
  return Math.abs(skewMs) > SKEW_WARNING_MS ? warning('Clock', says, advice) : ok('Clock', says);
}

export async function checkTemporal(config: Config): Promise<Finding[]> {
  const { temporalAddress: address, temporalNamespace: namespace } = config;
  if (address === undefined) return [await checkBinary('temporal', config)];
  const faults = temporalFaults(config.temporalAccess);
  if (faults.length > 0) return faults.map((says) => fault('Temporal', says, 'correct it and restart all processes'));
  try {
    const connection = await connectedTemporal(address, config);
    try {
      const { serverVersion } = await connection.workflowService.getSystemInfo({});
      const known = await connection.workflowService.describeNamespace({ namespace }).catch(() => undefined);
      const says = `reached, version ${serverVersion}, namespace ${namespace}`;
      if (known === undefined)
        return [note('Temporal', `${says} is not there yet: Everpost registers it at its start`)];
      const skew = await temporalSkew(connection, namespace);
      const clock = skew === undefined ? [] : [checkSkew(skew, 'Temporal')];
      return [ok('Temporal', says), ...(await checkSearchAttributes(connection, namespace)), ...clock];
    } finally {
      await connection.close();
    }
  } catch (failure) {
    const advice = 'check that it runs and that TEMPORAL_ADDRESS is host:port of its gRPC service';
    return [fault('Temporal', `${address} not reached: ${reasonOf(failure)}`, advice)];
  }
}

/** A connection that ends its repeated calls when it is closed. Rejects where Temporal cannot be reached with the settings. */
export async function connectedTemporal(
  address: string,
  { temporalAccess }: Pick<Config, 'temporalAccess'>,
): Promise<Connection> {
  return Connection.connect({
    address,
    ...temporalConnection(temporalAccess),
    connectTimeout: CONNECT_TIMEOUT_MS,
    interceptors: retryUntilClosed(),
  });
}

/** Nothing where workflows can be searched for by all of Everpost's search attributes. */
async function checkSearchAttributes({ workflowService }: Connection, namespace: string): Promise<Finding[]> {
  const isSearchable = await searchByAttributes(workflowService, namespace).then(
    () => true,
    () => false,
  );
  if (isSearchable) return [];
  const says = `${namespace} does not have all of ${SEARCH_ATTRIBUTES.join(', ')}`;
  return [note('Search attributes', `${says}: a worker adds them at its start, if Temporal allows it`)];
}

/** Milliseconds between two questions whether Temporal remembers the poll, and until it is given up. */
const POLLERS_EVERY_MS = 100;
const POLL_MS = 5_000;

/**
 * How many milliseconds this clock is ahead of Temporal's, 0 within the precision of the poll, usually a few hundred. No
 * call returns the time of Temporal, but it remembers when it was polled: here on a queue of the doctor's own, without
 * tasks. Undefined where it does not remember the poll within five seconds.
 */
async function temporalSkew(connection: Connection, namespace: string): Promise<number | undefined> {
  const { workflowService } = connection;
  const taskQueue = { name: 'everpost.doctor' };
  const identity = `doctor-${randomUUID()}`;
  const before = now().getTime();
  const poll = () => workflowService.pollActivityTaskQueue({ namespace, taskQueue, identity });
  const end = new AbortController();
  // Temporal refuses polls without a deadline; this one is cancelled before its own.
  const polled = connection.withAbortSignal(end.signal, () => connection.withDeadline(before + 2 * POLL_MS, poll));
  polled.catch(() => undefined);
  try {
    for (const since = monotonic(); monotonic() - since < POLL_MS; await delay(POLLERS_EVERY_MS)) {
      const question = { namespace, taskQueue, taskQueueType: ACTIVITY_TASKS };
      const { pollers } = await workflowService.describeTaskQueue(question);
      const time = pollers?.find((poller) => poller.identity === identity)?.lastAccessTime;
      if (time != null) return aheadOf(Number(time.seconds ?? 0) * 1_000 + (time.nanos ?? 0) / 1_000_000, before);
    }
    return undefined;
  } finally {
    end.abort();
  }
}

/** Milliseconds by which the time of a server lies outside of the time that has passed since `before`; 0 within it. */
function aheadOf(there: number, before: number): number {
  const after = now().getTime();
  if (there < before) return Math.round(before - there);
  return there > after ? Math.round(after - there) : 0;
}
