import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { pathToFileURL } from 'node:url';

/** The window that shows a page. */
interface Viewport {
  readonly width: number;
  /** 800 if absent; the picture has the whole page, if it is longer. */
  readonly height?: number;
  readonly scheme: 'light' | 'dark';
  /** Pixels of the image for each CSS pixel. */
  readonly scale: number;
}

export interface Chromium {
  /** A JPEG of the whole page at an address, once it shows the text, if one is named. */
  picture(url: string, window: Viewport, quality?: number, shows?: string): Promise<Buffer>;
  close(): Promise<void>;
}

type Result = Readonly<Record<string, unknown>>;
type ProtocolMessage = {
  readonly id?: number;
  readonly method?: string;
  readonly sessionId?: string;
  readonly result?: Result;
  readonly error?: unknown;
};

const QUALITY = 72;

/** Headless Chromium, driven over two pipes; only the documentation needs it. */
export async function chromium(program = 'chromium'): Promise<Chromium> {
  const profile = await mkdtemp(join(tmpdir(), 'everpost-chromium-'));
  const flags = ['--headless', '--no-sandbox', '--disable-gpu', '--hide-scrollbars', '--remote-debugging-pipe'];
  const child = spawn(program, [...flags, `--user-data-dir=${profile}`], {
    stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'],
  });
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const { ask, once } = protocol(child.stdio[3] as Writable, child.stdio[4] as Readable);
  return {
    picture: async (url, { width, height = 800, scheme, scale }, quality = QUALITY, shows = '') => {
      const { targetId } = await ask('Target.createTarget', { url: 'about:blank' });
      const { sessionId } = (await ask('Target.attachToTarget', { targetId, flatten: true })) as { sessionId: string };
      const page = (method: string, params: object = {}) => ask(method, params, sessionId);
      const metrics = { width, height, deviceScaleFactor: scale, mobile: width < 600 };
      await page('Page.enable');
      await page('Emulation.setDeviceMetricsOverride', metrics);
      await page('Emulation.setEmulatedMedia', { features: [{ name: 'prefers-color-scheme', value: scheme }] });
      const loaded = once('Page.loadEventFired', sessionId);
      await page('Page.navigate', { url });
      await loaded;
      await page('Runtime.evaluate', { expression: untilShown(shows), awaitPromise: true });
      const { cssContentSize } = (await page('Page.getLayoutMetrics')) as { cssContentSize: { height: number } };
      const clip = { x: 0, y: 0, width, height: Math.ceil(cssContentSize.height), scale: 1 };
      const shot = { format: 'jpeg', quality, clip, captureBeyondViewport: true };
      const { data } = (await page('Page.captureScreenshot', shot)) as { data: string };
      await ask('Target.closeTarget', { targetId });
      return Buffer.from(data, 'base64');
    },
    close: async () => {
      await ask('Browser.close').catch(() => undefined);
      await exited;
      await rm(profile, { recursive: true, force: true });
    },
  };
}

/** Resolves once the page has the text and has been quiet for a second; at once where there is none. */
function untilShown(text: string): string {
  const has = `document.body.innerText.includes(${JSON.stringify(text)})`;
  const wait = (ms: number) => `await new Promise((resolve) => setTimeout(resolve, ${ms}));`;
  return text === ''
    ? ''
    : `(async () => { for (let n = 0; n < 200 && !${has}; n += 1) ${wait(100)} ${wait(1_500)} })()`;
}

/** Each message is JSON, followed by a zero byte. */
function protocol(into: Writable, from: Readable) {
  const pending = new Map<number, { resolve: (result: Result) => void; reject: (error: Error) => void }>();
  const awaited: { method: string; sessionId: string; resolve: () => void }[] = [];
  let last = 0;
  let rest = '';
  const onMessage = ({ id, method, sessionId, result, error }: ProtocolMessage) => {
    const call = id === undefined ? undefined : pending.get(id);
    if (error !== undefined) call?.reject(new Error(JSON.stringify(error)));
    else call?.resolve(result ?? {});
    const at = awaited.findIndex((wait) => wait.method === method && wait.sessionId === sessionId);
    if (at >= 0) awaited.splice(at, 1)[0]?.resolve();
  };
  from.setEncoding('utf8').on('data', (piece: string) => {
    const messages = (rest + piece).split('\0');
    rest = messages.pop() ?? '';
    for (const message of messages) onMessage(JSON.parse(message) as ProtocolMessage);
  });
  return {
    ask: (method: string, params: object = {}, sessionId?: string) =>
      new Promise<Result>((resolve, reject) => {
        last += 1;
        pending.set(last, { resolve, reject });
        into.write(`${JSON.stringify({ id: last, method, params, ...(sessionId !== undefined && { sessionId }) })}\0`);
      }),
    once: (method: string, sessionId: string) =>
      new Promise<void>((resolve) => awaited.push({ method, sessionId, resolve })),
  };
}

/** One JPEG of below 100 KB of a page on a wide screen, once it shows the text. */
export async function pictureOf(browser: Chromium, url: string, shows: string): Promise<Buffer> {
  for (const quality of [75, 60, 45]) {
    const picture = await browser.picture(
      url,
      { width: 1_440, height: 1_000, scheme: 'light', scale: 1 },
      quality,
      shows,
    );
    if (picture.length < LARGEST) return picture;
  }
  throw new Error('the image stays above the size limit');
}

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
