import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { packageRoot } from '../../config.js';
import { CAMPAIGN_STATES } from '../../domain/campaign/campaign.js';
import { EVENT_TYPES } from '../../domain/event-types.js';
import { EVENTS } from '../../domain/events/event-kinds.js';

const read = (path: string) => readFileSync(join(packageRoot(), path), 'utf8');
const product = execFileSync('git', ['ls-files', '*.ts'], { cwd: packageRoot() })
  .toString()
  .split('\n')
  .filter((path) => path !== '' && !/^(?:test|bench|cli)\//.test(path));

/** Each type as the code writes it: `campaign.${row.state}` stands for several. */
const NOUNS = [...new Set(EVENTS.map(({ type }) => type.split('.')[0]))].join('|');
const WRITTEN = new RegExp(`['\`]((?:${NOUNS})\\.(?:[a-z_]+|\\$\\{[\\w.]+\\}))['\`]`, 'g');

const STATE_EVENTS = CAMPAIGN_STATES.map((state) => `campaign.${state}`);

/** The types that a template string of the code can produce. */
const MAY_BE: Readonly<Record<string, readonly string[]>> = {
  'campaign.${state}': STATE_EVENTS,
  'recipient.${entry.kind}': ['failed', 'skipped', 'deferred', 'uncertain'].map((kind) => `recipient.${kind}`),
  'recipient.${as.kind}': ['recipient.failed', 'recipient.skipped'],
  'recipient.${kind}': ['recipient.sent', 'recipient.failed', 'recipient.uncertain'],
  'recipient.${what}': ['recipient.bounced', 'recipient.complained'],
  'message.${what}': ['message.bounced', 'message.complained'],
  'subscriber.${status}': ['subscriber.bounced', 'subscriber.complained'],
};

/** Without types that are read; `stateEvent` of services/steer-campaign.ts makes every event of a campaign's state. */
function typesIn(path: string): string[] {
  const text = read(path).replaceAll(/\.ofMessage\([^)]*\)/g, '');
  const types = [...text.matchAll(WRITTEN)].flatMap(([, type = '']) => MAY_BE[type] ?? [type]);
  return /\bstateEvent\(/.test(text) ? [...types, ...STATE_EVENTS] : types;
}

/** A call that appends. */
const APPENDS = /\b(?:events|eventLog)\.append\(|\b(?:appendEvent|rewrite)\(context\b/;

test('only the documented files append to the event log', () => {
  const emitters = product.filter((path) => APPENDS.test(read(path)));
  const writers = new Set(EVENTS.map(({ by }) => by));
  expect(emitters.sort()).toEqual([...writers].sort());
});

test.each([...new Set(EVENTS.map(({ by }) => by))])('%s appends what is documented, no more and no less', (path) => {
  const documented = new Set(EVENTS.filter(({ by }) => by === path).map(({ type }) => type));
  const written = new Set(typesIn(path));
  expect([...documented].filter((type) => !written.has(type))).toEqual([]);
  const open = [...written].filter((type) => !type.startsWith('campaign.') && !documented.has(type));
  expect(open).toEqual([]);
});

test('campaign events are the steered states, the two ends and the holds', () => {
  const steered = /new Set\(\[([^\]]+)\]\)/.exec(read('activities/campaign/plan.ts'))?.[1]?.match(/\w+/g) ?? [];
  const documented = EVENTS.filter(({ type }) => type.startsWith('campaign.')).map(({ type }) => type.slice(9));
  expect([...new Set(documented)].sort()).toEqual([...steered, 'sent', 'failed', 'held', 'resumed'].sort());
});

/** `every-event.test.ts` compares the types one by one; this test fails earlier. */
test('every type is triggered in test/end-to-end/every-event.test.ts', () => {
  const acts = read('test/end-to-end/every-event.test.ts');
  const isNamed = (type: string) => acts.includes(`'${type}'`) || acts.includes(`'${type.split('.').at(-1)}'`);
  const bare = (type: string) => type.replace(/^newsletter\.issue_/, 'newsletter.');
  expect(EVENT_TYPES.filter((type) => !isNamed(bare(type)))).toEqual([]);
});
