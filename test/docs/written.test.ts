import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { packageRoot } from '../../config.js';
import { PLAN_LIMITS } from '../../domain/account/plan.js';

const read = (path: string) => readFileSync(join(packageRoot(), path), 'utf8');
const inFolder = (folder: string) =>
  readdirSync(join(packageRoot(), folder))
    .filter((name) => name.endsWith('.md'))
    .sort()
    .map((name) => `${folder}/${name}`);

const decisions = inFolder('docs/decisions');
const written = [
  'README.md',
  'CONTRIBUTING.md',
  'CHANGELOG.md',
  'SECURITY.md',
  ...inFolder('docs/architecture'),
  ...inFolder('docs/guides'),
  ...inFolder('docs/reference'),
  ...decisions,
];

/** The code that defines the commands and their options; those of a plan derive from its limits. */
const definitions = [
  ...['cli.ts', 'cli/account-commands.ts', 'cli/bench.ts', 'cli/stories/commands.ts', 'cli/listen/command.ts'].map(
    read,
  ),
  ...PLAN_LIMITS.map((limit) => `'--${limit.replaceAll('_', '-')}`),
].join('\n');

/** Words that promise instead of saying, or tell the reader what should be no trouble. */
const EMPTY = /\b(?:just|simply|easy|easily|obviously|basically|blazing|seamless|effortless|robust|powerful)\b/i;

test('the README is a page', () => {
  expect(read('README.md').split('\n').length).toBeLessThanOrEqual(150);
});

test('the README names every floor', () => {
  const floors = readdirSync(packageRoot(), { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && !/^(?:\.|node_modules$|dist$|coverage$|docs$)/.test(entry.name))
    .map(({ name }) => name);
  expect(floors.filter((floor) => !read('README.md').includes(`\`${floor}\``))).toEqual([]);
});

test('the guide for operators has every update of a campaign, and no other', () => {
  const updates = [...read('workflows/messages/campaign.ts').matchAll(/defineUpdate<.*>\('(\w+)'\)/g)].map(
    ([, name]) => name,
  );
  const rows = [...read('docs/guides/operating.md').matchAll(/^\| .*`POST .*?` \| `(\w+)` \|/gm)].map(
    ([, name]) => name,
  );
  expect(rows.sort()).toEqual(updates.sort());
});

test('decisions are numbered without a gap', () => {
  const numbers = decisions.map((path) => Number(/\/(\d{3})-/.exec(path)?.[1]));
  expect(numbers).toEqual(numbers.map((_, at) => at + 1));
});

test.each(decisions)('%s is one page: context, choice, price', (path) => {
  const text = read(path);
  expect([...text.matchAll(/^\*\*(\w+)\.\*\* /gm)].map(([, word]) => word)).toEqual(['Context', 'Choice', 'Price']);
  expect(text.split('\n').length).toBeLessThanOrEqual(60);
});

describe.each(written)('%s', (path) => {
  test('says what is, in plain words', () => {
    expect(EMPTY.exec(read(path))?.[0]).toBeUndefined();
  });

  test('names files of the root that exist', () => {
    const named = [...read(path).matchAll(/`([\w.-]+\.(?:ts|json|yml|md))`/g)].map(([, name = '']) => name);
    expect(named.filter((name) => !existsSync(join(packageRoot(), name)))).toEqual([]);
  });

  test('names commands and scripts that exist', () => {
    const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
    const commands = [...`${read('cli.ts')}${read('cli/stories/commands.ts')}`.matchAll(/\.command\('(\w+)/g)].map(
      ([, name]) => name,
    );
    const run = [...read(path).matchAll(/`[^`]*\bnpm run ([\w:-]+)/g)].map(([, name = '']) => name);
    const called = [...read(path).matchAll(/`everpost (\w+)/g)].map(([, name]) => name);
    expect(run.filter((name) => !(name in scripts))).toEqual([]);
    expect(called.filter((name) => !commands.includes(name))).toEqual([]);
  });

  test('names options of commands that exist', () => {
    const lines = [...read(path).matchAll(/(?:^ *|`)everpost \w[^`\n]*/gm)].map(([line]) => line);
    const options = lines.flatMap((line) => [...line.matchAll(/(?<= )--[\w-]+/g)].map(([option]) => option));
    expect(options.filter((option) => !definitions.includes(`'${option}`))).toEqual([]);
  });
});
