import { CATALOGUE } from '../../chaos/faults/catalogue.js';
import { SAVED_RUNS, type SavedRun, savedRuns } from '../../chaos/results.js';
import { type Page, page, table } from './page.js';

/** The page of the saved runs and of each fault. */
export function reliabilityPage(runs: readonly SavedRun[] = savedRuns()): Page {
  return page(
    'reliability',
    `chaos/faults/catalogue.ts and ${SAVED_RUNS}`,
    'Reliability',
    `No kill of any process loses a recipient or silently mails one twice; what is in doubt is listed by name. \`everpost chaos\`
tries it: it starts three members of MongoDB, a Temporal, two APIs and two workers in processes of their own, sends a campaign beside
messages and a webhook, and injects faults that a seed plans. Its own receiver records each mail that it accepts. At the end it
compares the record with what the API says, mail by mail. The exit code is 0 if the promise held.

\`\`\`
npm run build
node dist/cli.js chaos --seed 1
\`\`\`

Each row of the first table is repeated by its seed and options. \`--among\` names the faults to choose from, \`--faults\` how many
occur, \`--runs\` or \`--minutes\` how long it goes on, and \`--json\` the file for all results. The times at which faults begin depend
on the machine. \`disk_full\` needs root, to mount a small disk, and \`worker_clock_jumps\` needs libfaketime (Debian has a package of that name):
elsewhere a run leaves them out and says so.`,
    runsOf(runs),
    '## Faults',
    ...Object.entries(CATALOGUE).map(([name, { fault, happens, seen, next }]) =>
      [`### ${name}`, fault, happens, `**Seen:** ${seen} **To do:** ${next}`].join('\n\n'),
    ),
  );
}

function runsOf(runs: readonly SavedRun[]): string {
  if (runs.length === 0) return 'No run is saved yet.';
  const columns = [
    'seed',
    'faults, and the longest silence after each',
    'delivered once',
    'lost',
    'twice',
    'uncertain',
  ];
  const more = ['refused or put off', 'webhooks missing', 'quota drift', 'command'];
  return ['## Runs', totalsOf(runs), table([...columns, ...more], runs.map(rowOf))].join('\n\n');
}

function totalsOf(runs: readonly SavedRun[]): string {
  const sum = (of: (run: SavedRun) => number) =>
    runs.reduce((total, run) => total + of(run), 0).toLocaleString('en-US');
  const mails = sum(({ options }) => options.recipients + options.messages);
  const held = runs.filter((run) => run.held).length;
  return `${runs.length} runs with ${sum(({ faults }) => faults.length)} faults and ${mails} mails: the promise held in ${held}. Lost: \
${sum(({ lost }) => lost)}; twice: ${sum(({ twice }) => twice)}; uncertain: ${sum(({ uncertain }) => uncertain)}.`;
}

function rowOf(run: SavedRun): string[] {
  const { seed, options, faults, deliveredOnce, lost, twice, uncertain, bound, notDelivered } = run;
  const { recipients, rate, messages } = options;
  const chosen = [
    ...faults.map(({ fault, silence }) => `${fault} ${silence} s`),
    ...run.notTried.map((fault) => `${fault} not tried`),
  ].join(', ');
  const command = `chaos --seed ${seed} --recipients ${recipients} --rate ${rate} --messages ${messages} --faults ${options.faults}`;
  const figures = [deliveredOnce, lost, twice].map(String);
  const rest = [notDelivered, run.webhooksMissing, run.quotaDrift].map(String);
  return [String(seed), chosen, ...figures, `${uncertain} of at most ${bound}`, ...rest, `\`${command}\``];
}
