import type { DeployResult } from './deploy/run.js';
import type { RunResult } from './run/run.js';
import type { Verdict } from './verdict.js';

/** At most so many addresses are printed; all are in the JSON. */
const NAMED = 5;

const named = (what: string, of: readonly string[]) =>
  of.length === 0 ? `${what}: 0` : `${what}: ${of.length} (${of.slice(0, NAMED).join(', ')})`;

/** What is printed of a run with faults. */
export function storyOf({ verdict, faults, notTried, seconds, ended, logs }: RunResult): string[] {
  const silence = faults.map((fault) => `${fault.fault} ${fault.silence} s`).join(', ');
  return [
    `${verdict.recipients} recipients and ${verdict.messages} messages, ${faults.length} faults, ${seconds} s`,
    ...verdictLines(verdict),
    `longest silence: ${silence}`,
    ...notTried.map(({ fault, why }) => `not tried: ${fault} (${why})`),
    ...endLines(ended, logs),
  ];
}

/** What is printed of a deploy. */
export function deployStory(result: DeployResult): string[] {
  const { verdict, retries, during, failedTasks, unfitHistories, seconds, ended, logs } = result;
  const percent = (share: number) => Math.round(share * 100);
  const tasks = (of: DeployResult['failedTasks']['old']) =>
    of.map(({ workflow, cause, error }) => `${workflow}: ${cause}, ${error}`);
  return [
    `deployed while the receiver had ${percent(during.first)} to ${percent(during.last)} % of the campaign,
    ${retries.recipients} recipients and ${retries.messages} messages waited for a retry, and a campaign for its approval`,
    `${verdict.recipients} recipients and ${verdict.messages} messages, ${seconds} s`,
    ...verdictLines(verdict),
    `workflow tasks that failed: ${named('new build', tasks(failedTasks.new))}; ${named('old build', tasks(failedTasks.old))}`,
    named('histories that do not fit the new build', unfitHistories),
    ...endLines(ended, logs),
  ];
}

function verdictLines(verdict: Verdict): string[] {
  const { deliveredOnce, notDelivered, uncertain, bound, quotaDrift, addsUp } = verdict;
  return [
    `delivered once: ${deliveredOnce}; refused or put off: ${notDelivered}; uncertain: ${uncertain} of at most ${bound}`,
    [named('lost', verdict.lost), named('twice', verdict.twice), named('misreported', verdict.misreported)].join('; '),
    `${named('webhooks missing', verdict.webhooksMissing)}; quota drift: ${quotaDrift}; the numbers add up: ${addsUp}`,
  ];
}

function endLines(ended: boolean, logs: string | null): string[] {
  return [
    ...(ended ? [] : ['It did not come to rest in time.']),
    ...(logs === null ? [] : [`Its logs are in ${logs}.`]),
  ];
}
