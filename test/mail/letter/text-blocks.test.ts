import { expect, test } from 'vitest';
import { textPartOf } from '../../../mail/letter/text/text-part.js';

test.each([
  ['<center>Spring sale</center><center>Ends today</center>', 'Spring sale\nEnds today'],
  ['<dl><dt>Order</dt><dd>42</dd><dt>Total</dt><dd>9 €</dd></dl>', 'Order\n42\nTotal\n9 €'],
  ['<details><summary>Terms</summary>None</details>', 'Terms\nNone'],
  ['<figure><img alt="A boat"><figcaption>Porto</figcaption></figure>', 'A boat\nPorto'],
  ['Shop<address>1 Harbour Road</address>Porto', 'Shop\n1 Harbour Road\nPorto'],
])('%s has lines of its own in the text part', (html, text) => {
  expect(textPartOf(html).text.trim()).toBe(text);
});
