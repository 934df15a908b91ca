import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { packageRoot } from '../../../config.js';
import type { TestApi } from './api.js';
import { readCurl } from './curl.js';

interface Block {
  readonly language: string;
  readonly text: string;
}

/** A curl command of a guide, and the response that the guide shows right below it. */
export interface GuideStep {
  readonly line: string;
  readonly shown: object | undefined;
}

/** The fenced blocks of a guide, in order; `name` is its file in docs/guides. */
export function guideBlocks(name: string): readonly Block[] {
  const text = readFileSync(join(packageRoot(), 'docs/guides', name), 'utf8');
  return [...text.matchAll(/^```(\w+)\n(.*?)^```$/gms)].map(([, language = '', inside = '']) => ({
    language,
    text: inside,
  }));
}

export function guideSteps(name: string): readonly GuideStep[] {
  const blocks = guideBlocks(name);
  return blocks.flatMap(({ language, text }, at) => {
    const shown = blocks[at + 1];
    if (language !== 'sh') return [];
    return [{ line: text.trim(), shown: shown?.language === 'json' ? (JSON.parse(shown.text) as object) : undefined }];
  });
}

/** Runs a command as a reader would, and compares its response with the one in the guide. */
export async function followStep(api: TestApi, { line, shown }: GuideStep): Promise<void> {
  const filled = line.replaceAll('$EVERPOST', 'http://here').replaceAll('$KEY', api.key);
  const { method, url, ...rest } = readCurl(filled);
  const response = await api.call(`${method} ${url.replace('http://here', '')}`, { key: null, ...rest });
  expect(response.statusCode, response.body).toBeLessThan(300);
  if (shown !== undefined) expect(response.json()).toMatchObject(shown);
}
