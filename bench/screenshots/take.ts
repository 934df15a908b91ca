import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { packageRoot } from '../../config.js';
import { chromium, pictureOf, type Screenshot, sheetOf } from './chromium.js';
import { pageScreenshots } from './pages.js';
import { templateScreenshots } from './templates.js';
import { temporalPages } from './temporal.js';

/**
 * Takes the pictures of `docs/screenshots`: `npm run screenshots`, or `npm run screenshots -- digest` for those
 * with that word in their name, such as `temporal`. Needs Chromium on the PATH or in CHROMIUM.
 */
const wanted = process.argv[2] ?? '';
const folder = join(packageRoot(), 'docs', 'screenshots');
await mkdir(folder, { recursive: true });
const browser = await chromium(process.env['CHROMIUM'] ?? 'chromium');

async function save(name: string, picture: () => Promise<Buffer>): Promise<void> {
  if (!name.includes(wanted)) return;
  const bytes = await picture();
  await writeFile(join(folder, `${name}.jpg`), bytes);
  console.log(`${name}.jpg ${Math.ceil(bytes.length / 1_000)} KB`);
}

try {
  if (!wanted.startsWith('temporal')) {
    const screenshots: readonly Screenshot[] = [...(await templateScreenshots()), ...(await pageScreenshots())];
    for (const screenshot of screenshots) await save(screenshot.name, () => sheetOf(browser, screenshot));
  }
  if (wanted === '' || wanted.startsWith('temporal')) {
    await temporalPages(({ name, url, shows }) => save(`temporal-${name}`, () => pictureOf(browser, url, shows)));
  }
} finally {
  await browser.close();
}
