import { expect, test } from 'vitest';
import { type BenchResult, printed, shown } from '../../bench/report/result.js';
import { comparison, interleaved, quantile } from '../../bench/report/rounds.js';
import { performancePage } from '../../cli/reference/performance.js';

const result: BenchResult = {
  bench: 'send',
  options: '--mails 4000 --rounds 3',
  at: '2026-05-15T07:00:00.000Z',
  machine: {
    cpu: 'A Processor',
    cores: 2,
    memoryGib: 24,
    system: 'Linux x64',
    node: 'v20.20.2',
    loadBefore: [0.12, 0.5, 0.25],
  },
  conditions: { receiver: 'smtp-sink', 'bytes of a mail': 11_434 },
  tables: [
    {
      title: 'The send path alone',
      columns: ['mails/s', 'CPU ms per mail'],
      rows: [
        { name: 'Everpost', values: [12_345.6, 0.12345] },
        { name: 'smtp-source', values: [54_321, null] },
      ],
    },
  ],
};

test('the page has the figures of a saved result, its conditions and how to repeat it', () => {
  const { path, text } = performancePage([result]);
  expect(path).toBe('docs/reference/performance.md');
  expect(text).toContain('npm run bench -- send --save --mails 4000 --rounds 3\n');
  expect(text).toContain('- 2026-05-15: A Processor, 2 cores, 24 GiB, Linux x64, Node v20.20.2\n');
  expect(text).toContain('- load before the run: 0.12, 0.5, 0.25 (1, 5, 15 minutes)\n');
  expect(text).toContain('- bytes of a mail: 11,434\n');
  expect(text).toContain(
    [
      '| The send path alone | mails/s | CPU ms per mail |',
      '| --- | --- | --- |',
      '| Everpost | 12,346 | 0.123 |',
      '| smtp-source | 54,321 | – |',
    ].join('\n'),
  );
});

test('a benchmark without a saved result shows its command and says so', () => {
  const sections = performancePage([result]).text.split(/^## /m).slice(1);
  const unsaved = sections.filter((section) => section.includes('No result is saved yet.'));
  expect(unsaved.map((section) => section.split('\n')[0])).toEqual([
    'campaign',
    'message',
    'scale',
    'latency',
    'dkim',
    'import',
  ]);
  expect(unsaved[0]).toContain('npm run bench -- campaign --save\n');
});

test('the terminal shows the same figures', () => {
  expect(printed(result)).toContain(
    [
      'The send path alone  mails/s  CPU ms per mail',
      'Everpost              12,346            0.123',
      'smtp-source           54,321                –',
    ].join('\n'),
  );
});

test.each([
  [1234.5, '1,235'],
  [99.96, '100'],
  [45.678, '45.7'],
  [0.012345, '0.0123'],
  [0, '0'],
  [null, '–'],
  [Number.NaN, '–'],
])('the figure %j is shown as %s', (value, text) => {
  expect(shown(value)).toBe(text);
});

test('a comparison has the median of each side, and the median of the quotients of each round', () => {
  const runs = {
    ours: [{ speed: 10 }, { speed: 40 }, { speed: 30 }],
    theirs: [{ speed: 5 }, { speed: 10 }, { speed: 30 }],
  };
  expect(comparison('Speed', runs, [['ours', 'theirs']])).toEqual({
    title: 'Speed',
    columns: ['speed'],
    rows: [
      { name: 'ours', values: [30] },
      { name: 'theirs', values: [10] },
      { name: 'ours ÷ theirs', values: [2] },
    ],
  });
});

test('a comparison leaves out a quotient with a side that is not installed', () => {
  const { rows } = comparison('Speed', { ours: [{ speed: 1 }] }, [['ours', 'smtp-source']]);
  expect(rows.map(({ name }) => name)).toEqual(['ours']);
});

test('the sides take turns, the order alternates, and the warm-up does not count', async () => {
  const order: string[] = [];
  const side = (name: string) => async () => ({ n: order.push(name) });
  const runs = await interleaved({ a: side('a'), b: side('b') }, 2);
  expect(order.join('')).toBe('baabba');
  expect(runs).toEqual({ a: [{ n: 3 }, { n: 6 }], b: [{ n: 4 }, { n: 5 }] });
});

test.each([
  [[3, 1, 2], 0.5, 2],
  [[4, 1, 3, 2], 0.95, 4],
  [[1, Number.NaN], 0.5, null],
  [[1, undefined], 0.5, null],
  [[], 0.5, null],
])('of %j the value at %d is %j', (values, share, value) => {
  expect(quantile(values, share)).toBe(value);
});
