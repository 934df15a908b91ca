import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type BenchResult, conditionsOf, RESULTS_FOLDER, type ResultTable, shown } from '../../bench/report/result.js';
import { packageRoot } from '../../config.js';
import { type Page, page, table } from './page.js';

/** What each benchmark measures, in the order of the page. */
const BENCHES: Readonly<Record<string, string>> = {
  send: `The engine alone: a compiled letter of about 12 KB with five tracked links, a pixel and the first name. It is
compared with \`smtp-source\` of Postfix, a C program that sends one finished mail of the same size again and again, and
with nodemailer's pool, which composes each mail. CPU time is that of the sending process.`,
  campaign: `The whole product: the API, a worker, MongoDB and Temporal, each in a process of its own. \`send to sent\` is the
time from the request until the campaign is \`sent\`. The send phase is the time from the first to the last mail at the
receiver. The reference is nodemailer's composing pool with the same letter, receiver and number of connections: no
database, no ledger, and no memory of what was sent.`,
  message: `Single messages through \`everpost start\`: Everpost, MongoDB and Temporal, each in a process of its own. The callers post
small mails with text and HTML and a code of its own in each, with an \`Idempotency-Key\`, over kept connections and from one
process. Requests are counted against the limits of their keys. The receiver is always ours, because it reports when each
mail arrived. \`at the mail server\` is from the first request to the last arrival. CPU time and commands include the work
that follows the last arrival; CPU time does not include the callers and the receiver. A MongoDB command counts once, however
many rows it carries: all of \`metrics.commands\` but \`hello\`, \`ping\`, \`serverStatus\` and those that open and close
connections. The reference is nodemailer's composing pool with the same mail, receiver and number of connections: it stores
nothing and promises nothing. Beside the campaign, a request counts from the moment at which it was due.`,
  scale: `One campaign for each size, each in a new installation. Temporal events are those of all workflows of the campaign.
Writes are write operations of MongoDB from the request until the campaign is \`sent\`. Memory is the most that was
resident (\`VmHWM\`).`,
  latency: `The send path over a line that delays each chunk in both directions and does not limit throughput. An SMTP dialogue
without pipelining needs four round trips for a mail, one with pipelining two.`,
  dkim: `The send path with DKIM signatures of an RSA-2048 key, and of an ed25519 key beside it. \`bare\` is the rate of these
signatures alone, with as many threads and without mails or a receiver. \`unsigned\` is the same letter without signatures.
\`required\` is the lesser of 55 % of bare and 80 % of unsigned in the same round. The receiver and the signatures share the
cores of the machine.`,
  import: `A CSV file through the API, and the same rows written with \`bulkWrite\` into another database of the same server with
the same indexes, in batches of 1,000. Memory is the most that was resident in the process that wrote the rows.`,
};

/** The page of the saved results. */
export function performancePage(results: readonly BenchResult[] = savedResults()): Page {
  return page(
    'performance',
    `${RESULTS_FOLDER}/*.json`,
    'Performance',
    `Each benchmark runs the compared programs in turns, against the same receiver, on one machine. The figures are medians of
the rounds; a quotient is the median of the quotients of each round. Absolute figures depend on the machine and on its
load, quotients much less. The receiver is \`smtp-sink\` where Postfix is installed, otherwise one of ours.

To repeat all: install Postfix (\`apt-get install postfix\`), run the commands below on a machine with no other load, and
then \`npm run docs\`. Each command accepts \`--json\`. Without \`--save\` the result is only printed.`,
    ...Object.entries(BENCHES).map(([bench, about]) =>
      section(
        bench,
        about,
        results.find((result) => result.bench === bench),
      ),
    ),
  );
}

/** The results in bench/results. */
export function savedResults(): readonly BenchResult[] {
  const folder = join(packageRoot(), RESULTS_FOLDER);
  if (!existsSync(folder)) return [];
  const names = readdirSync(folder).filter((name) => name.endsWith('.json'));
  return names.map((name) => JSON.parse(readFileSync(join(folder, name), 'utf8')) as BenchResult);
}

function section(bench: string, about: string, result: BenchResult | undefined): string {
  const command = `npm run bench -- ${bench} --save${result === undefined ? '' : ` ${result.options}`}`;
  const blocks = [`## ${bench}`, about, `\`\`\`\n${command}\n\`\`\``];
  if (result === undefined) return [...blocks, 'No result is saved yet.'].join('\n\n');
  const conditions = conditionsOf(result).map((condition) => `- ${condition}`);
  return [...blocks, conditions.join('\n'), ...result.tables.map(resultTable)].join('\n\n');
}

function resultTable({ title, columns, rows }: ResultTable): string {
  return table(
    [title, ...columns],
    rows.map(({ name, values }) => [name, ...values.map(shown)]),
  );
}
