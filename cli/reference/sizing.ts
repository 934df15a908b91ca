import type { BenchResult } from '../../bench/report/result.js';
import { type Page, page, table } from './page.js';
import { savedResults } from './performance.js';

const HOUR = 3_600;
const MILLION = 1_000_000;
/** Mails a second. */
const GOAL = MILLION / HOUR;
const ROUND_TRIPS_MS = [10, 40, 100, 200];

/** What an installation needs for its rate, from the saved results of the benchmarks. */
export function sizingPage(results: readonly BenchResult[] = savedResults()): Page {
  const of = figuresOf(results);
  return page(
    'sizing',
    'bench/results/*.json',
    'Sizing',
    `What an installation needs for its rate. Each figure is from [Performance](performance.md), measured on one machine with
${results[0]?.machine.cores ?? 0} cores on which Everpost, MongoDB, Temporal and the receiver ran together, or is computed from such a figure. Measure
on your own machines with the same commands before you rely on them.`,
    ...oneHost(of),
    ...connections(of),
    ...aMillionAnHour(of),
  );
}

type Figure = (bench: string, table: string, row: string, column: string) => number;

/** Throws where the result is not saved: the page has no figure by hand. */
function figuresOf(results: readonly BenchResult[]): Figure {
  return (bench, title, row, column) => {
    const found = results.find((result) => result.bench === bench)?.tables.find((one) => one.title === title);
    const value = found?.rows.find(({ name }) => name === row)?.values[found.columns.indexOf(column)];
    if (typeof value !== 'number') throw new RangeError(`bench/results has no ${bench}, ${title}, ${row}, ${column}`);
    return value;
  };
}

const round = (value: number, digits = 3) => Number(value.toPrecision(digits)).toLocaleString('en-US');

const BIG = '100,000 recipients';
const LARGEST = '1,000,000 recipients';

function oneHost(of: Figure): string[] {
  const cpu = (part: string) => of('campaign', `${BIG}, CPU ms per mail`, 'Everpost', part);
  const memory = (part: string) => round(of('scale', 'Most memory, MiB', LARGEST, part));
  const burst = (column: string) => of('message', '5,000 messages, 20 requests under way', 'Everpost', column);
  const rate = of('campaign', BIG, 'Everpost', 'send to sent, mails/s');
  return [
    '## One host',
    table(
      ['what', 'figure', 'so that'],
      [
        ['campaigns, mails a second', round(rate), `${round((rate * HOUR) / MILLION)} million an hour`],
        [
          'CPU for a mail of a campaign, ms',
          `worker ${round(cpu('worker'))}, MongoDB ${round(cpu('mongod'))}, Temporal ${round(cpu('temporal'))}`,
          `a million takes ${round((cpu('together') * MILLION) / 1_000)} seconds of one core`,
        ],
        [
          'messages a second, 20 requests under way',
          `${round(burst('at the mail server/s'))} at the mail server`,
          `${round(burst('CPU ms per message'))} ms of CPU each over all processes: a core carries ${round(1_000 / burst('CPU ms per message'))} a second`,
        ],
        [
          'memory for a campaign to a million, MiB',
          `API ${memory('api')}, worker ${memory('worker')}, MongoDB ${memory('mongod')}, Temporal ${memory('temporal')}`,
          '2 GiB for all, and what MongoDB may use as its cache',
        ],
        [
          'bytes of the ledger for a recipient',
          round(of('scale', 'For each recipient', LARGEST, 'bytes of the ledger')),
          'a campaign to a million takes about 10 MB, beside its subscribers',
        ],
        [
          'signed mails a second, one thread',
          `RSA-2048 ${round(of('dkim', 'Signed with RSA', 'RSA', 'mails/s'))}`,
          'DKIM costs more than all else: signing threads are the first to need more cores',
        ],
      ],
    ),
    `With three members of MongoDB and Temporal on PostgreSQL, a mail and a message cost more: [the
sender](../decisions/050-a-pipelining-sender.md) and [groups of messages](../decisions/051-groups-of-messages.md) have the figures.
Give MongoDB, Temporal and the workers hosts of their own before you add cores to one host.`,
  ];
}

function connections(of: Figure): string[] {
  const trips = of('latency', 'Over a line with a delay', 'Everpost', 'round trips per mail');
  const each = (ms: number) => 1_000 / (trips * ms);
  return [
    '## Connections',
    `A mail takes ${round(trips)} round trips on a connection that the server lets pipeline (measured over 40 ms: ${round(
      of('latency', 'Over a line with a delay', 'Everpost', 'mails/s per connection'),
    )} mails a second on each). Where the mail server answers from
far away, connections limit the rate and not the machine. \`SMTP_CONNECTIONS\` is for each worker, and campaigns leave a quarter of
them to messages.`,
    table(
      ['round trip, ms', 'mails a second on one connection', 'connections for a million an hour, with the quarter'],
      ROUND_TRIPS_MS.map((ms) => [`${ms}`, round(each(ms)), `${Math.ceil((GOAL / each(ms)) * (4 / 3))}`]),
    ),
    `A server that takes its time for each mail, for example 300 ms to check its content, adds that to each round trip.`,
  ];
}

function aMillionAnHour(of: Figure): string[] {
  const cpu = of('campaign', `${BIG}, CPU ms per mail`, 'Everpost', 'together');
  const signed = of('dkim', 'Signed with RSA', 'RSA', 'CPU ms per mail');
  const writes = of('scale', 'For each recipient', LARGEST, 'MongoDB write commands');
  const events = of('scale', 'For each recipient', LARGEST, 'Temporal events');
  const seconds = of('scale', 'Duration', LARGEST, 'to sent, s');
  return [
    '## A million an hour',
    `That is ${round(GOAL)} mails a second. What limits it, on paper:`,
    table(
      ['what', 'a second', 'limit'],
      [
        ['CPU of all processes', `${round(GOAL * cpu)} ms`, `${round((GOAL * cpu) / 10)} % of one core`],
        ['CPU of DKIM with RSA-2048', `${round(GOAL * signed)} ms`, `${round((GOAL * signed) / 10)} % of one core`],
        ['MongoDB write commands', round(GOAL * writes), 'none: each carries a part of a page'],
        ['Temporal events', round(GOAL * events), 'none: a page of recipients is one step'],
        [
          'bytes to the mail server, 12.5 KB a mail',
          `${round(GOAL * 0.0125)} MB`,
          `${round(GOAL * 0.1)} Mbit/s, and as much again from there to the recipients`,
        ],
        ['connections', 'see above', 'the round trip to your mail server'],
        ['what mailbox providers accept', 'their own', 'the reputation of your domain and address, see below'],
      ],
    ),
    `\`bench scale\` has sent a campaign to a million within ${round(seconds)} seconds from the request, ${round(
      of('scale', 'Duration', LARGEST, 'mails/s'),
    )} a second, its audience
frozen after ${round(of('scale', 'Duration', LARGEST, 'to the frozen audience, s'))} seconds. To repeat it:`,
    '```\nnpm run bench -- scale --recipients 1000000\n```',
    `So one small host is enough for Everpost itself, and the limits lie outside:

- **Your mail server or provider.** Ask for its rate and connections, and set them: \`rate_per_second\` and \`connections\` of the
  [transport](../guides/transports.md), so that Everpost waits instead of being refused. \`everpost campaign 7\` says what limits a campaign.
- **Mailbox providers.** A new domain or address is trusted with some thousands of mails a day at first. Raise the rate over weeks, and begin
  with the people who open your mail.
- **Reports.** Opens, clicks and bounces come back within minutes. Give the public pages an API of their own if they must stay fast.

For availability rather than speed, run two workers and two APIs on different hosts, three members of MongoDB and a Temporal cluster: see
[production](../guides/production.md#several-workers). The rate of a campaign holds for all workers together.`,
  ];
}
