import { now } from '../../clock.js';
import type { Config } from '../../config.js';
import { within } from '../../domain/within.js';
import { reasonOf } from '../../servers/report.js';
import { type Finding, fault, needsPerson } from './finding.js';
import { checkDisk, checkNode, checkPip, checkPorts } from './machine.js';
import { checkPublicUrl, checkSecret, checkSmtp, checkTransports } from './mail.js';
import { checkProcesses } from './processes.js';
import { runningInstallation } from './running.js';
import { checkMongo, checkTemporal } from './servers.js';
import { checkStore } from './store.js';
import { checkTasks } from './tasks.js';

const MARKS: Readonly<Record<Finding['state'], string>> = { ok: '✓', note: '·', warning: '!', fault: '✗' };
/** Milliseconds for each check; all run at once. */
const CHECK_WITHIN = 8_000;

export interface DoctorOptions {
  readonly json: boolean;
}

/** `everpost doctor`: prints the result of each check. Exit code 1 if any of them needs a person. */
export async function doctor(config: Config, { json }: DoctorOptions): Promise<number> {
  const findings = await examine(config);
  const open = findings.filter(needsPerson).length;
  if (json) {
    console.log(JSON.stringify({ at: now(), needs_person: open > 0, findings: findings.map(shown) }, null, 2));
  } else {
    for (const finding of findings) console.log(lineOf(finding));
    console.log(open === 0 ? '\nNothing needs a person.' : `\n${open} of ${findings.length} findings need a person.`);
  }
  return open === 0 ? 0 : 1;
}

/** Every finding; each check has its own time limit, whatever is down. */
export async function examine(config: Config, ms = CHECK_WITHIN): Promise<Finding[]> {
  const running = await runningInstallation(config);
  const reached = { ...config, ...running };
  const checks: readonly (readonly [subject: string, check: () => Promise<Finding | Finding[]> | Finding])[] = [
    ['Node.js', () => checkNode()],
    ['Python and pip', checkPip],
    ['MongoDB', () => checkMongo(reached)],
    ['Temporal', () => checkTemporal(reached)],
    ['Ports', () => checkPorts(config, running !== undefined)],
    ['Disk', () => checkDisk(config.dataDir)],
    ['SMTP', () => checkSmtp(config.smtpUrl)],
    ['PUBLIC_URL', () => checkPublicUrl(config)],
    ['EVERPOST_SECRET', () => checkSecret(config)],
    ['Shared settings', () => checkProcesses(reached)],
    ['Transports', () => checkTransports(reached)],
    ['Work', () => checkStore(reached)],
    ['Task queues', () => checkTasks(reached)],
  ];
  const results = await Promise.all(checks.map(([subject, check]) => limited(subject, check, ms)));
  return results.flat();
}

async function limited(
  subject: string,
  check: () => Promise<Finding | Finding[]> | Finding,
  ms: number,
): Promise<Finding | Finding[]> {
  const late = fault(subject, `not checked within ${ms} ms`, 'a server is frozen or blocked: see the other findings');
  try {
    return await within(ms, Promise.resolve(check()), late);
  } catch (error) {
    return fault(subject, `could not be checked: ${reasonOf(error)}`, 'run it again; if it stays, report it as a bug');
  }
}

/** As `--json` prints it. */
function shown({ state, subject, says, since, advice }: Finding) {
  return { state, subject, says, since: since ?? null, next_step: advice ?? null };
}

function lineOf({ state, subject, says, since, advice }: Finding): string {
  const when = since === undefined ? '' : ` (since ${since.toISOString().slice(0, 19)}Z)`;
  const line = `${MARKS[state]} ${subject}: ${says}${when}`;
  return advice === undefined ? line : `${line}\n    → ${advice}`;
}
