import type { Config } from '../../config.js';
import type { Finding } from './finding.js';
import { checkDisk, checkNode, checkPip, checkPorts } from './machine.js';
import { checkPublicUrl, checkSecret, checkSmtp, checkTransports } from './mail.js';
import { checkProcesses } from './processes.js';
import { checkMongo, checkTemporal } from './servers.js';

const MARKS: Readonly<Record<Finding['state'], string>> = { ok: '✓', warning: '!', fault: '✗' };

/** `everpost doctor`: prints the result of each check. Exit code 1 if a check failed. */
export async function doctor(config: Config): Promise<number> {
  const findings = await examine(config);
  for (const finding of findings) console.log(lineOf(finding));
  const faults = findings.filter(({ state }) => state === 'fault').length;
  console.log(faults === 0 ? '\nEverpost can start.' : `\n${faults} of ${findings.length} checks failed.`);
  return faults === 0 ? 0 : 1;
}

export async function examine(config: Config): Promise<Finding[]> {
  const findings = await Promise.all([
    checkNode(),
    checkPip(),
    checkMongo(config),
    checkTemporal(config),
    checkPorts(config),
    checkDisk(config.dataDir),
    checkSmtp(config.smtpUrl),
    checkPublicUrl(config),
    checkSecret(config),
    checkProcesses(config),
    checkTransports(config),
  ]);
  return findings.flat();
}

function lineOf({ state, subject, says, advice }: Finding): string {
  const line = `${MARKS[state]} ${subject}: ${says}`;
  return advice === undefined ? line : `${line}\n    → ${advice}`;
}
