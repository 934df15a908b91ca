import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { packageRoot } from '../../config.js';
import { chromium, type Screenshot, sheetOf } from './chromium.js';
import { pageScreenshots } from './pages.js';
import { templateScreenshots } from './templates.js';

/**
 * Takes the pictures of `docs/screenshots`: `npm run screenshots`, or `npm run screenshots -- digest` for those
 * with that word in their name. Needs Chromium on the PATH or in CHROMIUM.
 */
const wanted = process.argv[2] ?? '';
const screenshots: readonly Screenshot[] = [...(await templateScreenshots()), ...(await pageScreenshots())];
const folder = join(packageRoot(), 'docs', 'screenshots');
await mkdir(folder, { recursive: true });
const browser = await chromium(process.env['CHROMIUM'] ?? 'chromium');
try {
  for (const screenshot of screenshots.filter(({ name }) => name.includes(wanted))) {
    const sheet = await sheetOf(browser, screenshot);
    await writeFile(join(folder, `${screenshot.name}.jpg`), sheet);
    console.log(`${screenshot.name}.jpg ${Math.ceil(sheet.length / 1_000)} KB`);
  }
} finally {
  await browser.close();
}
