import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../../config.js';
import type { Template } from './row.js';

const CATALOGUE = [
  { _id: 1, identifier: 'digest', name: 'Digest', category: 'newsletter' },
  { _id: 2, identifier: 'letter', name: 'Plain letter', category: 'newsletter' },
  { _id: 3, identifier: 'product-update', name: 'Product update', category: 'newsletter' },
  { _id: 4, identifier: 'announcement', name: 'Announcement', category: 'announcement' },
  { _id: 5, identifier: 'event', name: 'Event', category: 'event' },
  { _id: 6, identifier: 'receipt', name: 'Receipt', category: 'transactional' },
] as const;

/** Everpost's first release, because a deploy does not preserve the dates of files. */
const RELEASED = new Date('2026-11-25T00:00:00Z');
const folder = join(packageRoot(), 'content', 'templates');

/**
 * Everpost's own templates; the first is the default of every account. They are files, not rows, so that an upgrade
 * replaces them.
 */
export const SYSTEM_TEMPLATES: readonly Template[] = CATALOGUE.map((entry) => ({
  ...entry,
  account: 0,
  default_language: 'en',
  contents: { en: { subject: null, preheader: null, format: 'mjml', source: sourceOf(entry.identifier), text: null } },
  revision: 1,
  drafted: 1,
  versions: 1,
  published: { version: 1, drafted: 1, at: RELEASED },
  created_at: RELEASED,
  updated_at: RELEASED,
}));

/** The file with its partials inserted, so that a copy of it is complete. */
function sourceOf(identifier: string): string {
  return readFileSync(join(folder, `${identifier}.mjml`), 'utf8').replace(
    /<!-- part (\w+) -->\n?/g,
    (_, part: string) => readFileSync(join(folder, 'parts', `${part}.mjml`), 'utf8'),
  );
}
