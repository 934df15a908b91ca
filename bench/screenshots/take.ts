import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { packageRoot } from '../../config.js';
import { chromium } from './chromium.js';
import { pageSights } from './pages.js';
import { type Sight, sheetOf } from './sheet.js';
import { templateSights } from './templates.js';

/**
 * Takes the pictures of `docs/screenshots` anew: `npm run screenshots`, or `npm run screenshots -- digest` for those
 * whose name has that word. Needs Chromium on the PATH, or named in CHROMIUM.
 */
const wanted = process.argv[2] ?? '';
const sights: readonly Sight[] = [...(await templateSights()), ...(await pageSights())];
const folder = join(packageRoot(), 'docs', 'screenshots');
await mkdir(folder, { recursive: true });
const browser = await chromium(process.env['CHROMIUM'] ?? 'chromium');
try {
  for (const sight of sights.filter(({ name }) => name.includes(wanted))) {
    const sheet = await sheetOf(browser, sight);
    await writeFile(join(folder, `${sight.name}.jpg`), sheet);
    console.log(`${sight.name}.jpg ${Math.ceil(sheet.length / 1_000)} KB`);
  }
} finally {
  await browser.close();
}
