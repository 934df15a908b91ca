import { afterAll, expect, test } from 'vitest';
import { campaigns } from '../../../store/campaigns/campaigns.js';
import { renderingFixture } from '../../support/activities/rendering-fixture.js';
import { rendererWithLongTimeout } from '../../support/mail/rendering.js';
import { steered } from '../../support/store/campaigns.js';
import { ownStore } from '../../support/store/own-store.js';

const store = ownStore();
const threads = rendererWithLongTimeout();
afterAll(() => threads.close());
const { parts, launched, found } = renderingFixture(store, threads);

/** Filled for a person without attributes and tags, each is fine. */
test.each([
  [
    'a filter that fails where there are tags',
    '<p>{{ first_name }}</p>\n{% if tags[0] %}\n<p>{{ tags | where_exp: "x", "x ===" | size }}</p>{% endif %}',
    'line:3',
  ],
  [
    'loops as long as a number that they have',
    '<p>Hi</p>\n\n{% for i in (1..attributes.points) %}x{% endfor %}',
    'html: The template is too complex',
  ],
])('a letter that can be filled for no recipient pauses before the first mail: %s', async (_, html, where) => {
  const { renderContent } = parts();
  const { row, input } = await launched({ html }, 3);
  const rows = store.db.collection('subscribers');
  await rows.updateMany({ list_id: row.list_id }, { $set: { tags: ['vip'], 'attributes.points': 1_000_000 } });
  expect(await renderContent(input)).toBe('refused');
  const paused = await found(row);
  expect(paused).toMatchObject({ state: 'paused', reason: 'content_blocked', rendered: null });
  expect(paused.findings).toEqual([{ code: 'not_renderable', where: expect.stringContaining(where) }]);

  // One recipient with other data is enough: the others fail alone.
  await rows.updateOne({ list_id: row.list_id }, { $set: { tags: [], attributes: {} } });
  steered(await campaigns(store).resume(paused));
  expect(await renderContent({ ...input, launch: (await found(row)).launch })).toBe('rendered');
});

test.each([
  [
    'a block that ends in another attribute',
    '<p><a href="{% if a %}https://x.test" title="{% endif %}">x</a></p>',
    'html: tag "endif" not found',
  ],
  [
    'a block without an end, as an older version let through',
    '<p>Hi</p>\n{% if a %}',
    'html: tag {% if a %} not closed, line:2',
  ],
  [
    'too much work for each recipient',
    '{% for i in (1..9000) %}{% for j in (1..9) %}{{ j }}{% endfor %}{% endfor %}',
    'html: The template is too complex',
  ],
])('a letter that cannot be rendered pauses the campaign, which names the field: %s', async (_, html, where) => {
  const { renderContent } = parts();
  const { row, input } = await launched({ html });
  expect(await renderContent(input)).toBe('refused');
  const paused = await found(row);
  expect(paused).toMatchObject({ state: 'paused', reason: 'content_blocked' });
  expect(paused.findings).toContainEqual({ code: 'not_renderable', where: expect.stringContaining(where) });
});
