import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Chromium, Viewport } from './chromium.js';

/** The page to capture: an address or a whole document. */
export type Screenshot = { readonly name: string } & ({ readonly url: string } | { readonly html: string });

const WINDOWS: readonly Viewport[] = [
  { width: 760, scheme: 'light', scale: 1 },
  { width: 760, scheme: 'dark', scale: 1 },
  { width: 375, scheme: 'light', scale: 1 },
  { width: 375, scheme: 'dark', scale: 1 },
];
const LARGEST = 100_000;
const GAP = 16;

/** One JPEG of below 100 KB: desktop and phone, light and dark, side by side. */
export async function sheetOf(browser: Chromium, screenshot: Screenshot): Promise<Buffer> {
  const folder = await mkdtemp(join(tmpdir(), 'everpost-sheet-'));
  const page = async (name: string, html: string) => {
    const path = join(folder, name);
    await writeFile(path, html);
    return pathToFileURL(path).href;
  };
  try {
    const url = 'url' in screenshot ? screenshot.url : await page('sight.html', screenshot.html);
    const cells: string[] = [];
    for (const window of WINDOWS) {
      const picture = await browser.picture(url, window, 90);
      const source = `data:image/jpeg;base64,${picture.toString('base64')}`;
      cells.push(`<img src="${source}" alt="" width="${window.width}">`);
    }
    const width = WINDOWS.reduce((sum, window) => sum + window.width + GAP, GAP);
    const style = `body{margin:0;padding:${GAP}px;display:flex;gap:${GAP}px;align-items:flex-start;background:#8a9099}img{display:block}`;
    const sheet = await page('sheet.html', `<!doctype html><style>${style}</style>${cells.join('')}`);
    return await withinSize(browser, sheet, width);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function withinSize(browser: Chromium, url: string, width: number): Promise<Buffer> {
  for (const [scale, quality] of [
    [0.6, 75],
    [0.6, 60],
    [0.5, 60],
    [0.4, 55],
  ] as const) {
    const sheet = await browser.picture(url, { width, scheme: 'light', scale }, quality);
    if (sheet.length < LARGEST) return sheet;
  }
  throw new Error('the image stays above the size limit');
}
