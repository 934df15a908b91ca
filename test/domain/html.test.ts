import { expect, test } from 'vitest';
import { html } from '../../domain/html.js';

test('inserted values are escaped, inserted markup is not', () => {
  const rows = ['a<b', '"c"'].map((one) => html`<li>${one}</li>`);
  expect(html`<ul title="${"it's"}">${rows}${undefined}${3}</ul>`.markup).toBe(
    '<ul title="it&#39;s"><li>a&lt;b</li><li>&quot;c&quot;</li>3</ul>',
  );
});
