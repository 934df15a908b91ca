import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ClientSession, Collection, Filter } from 'mongodb';
import { now } from '../../clock.js';
import { packageRoot } from '../../config.js';
import {
  isSystemTemplate,
  LAST_SYSTEM_TEMPLATE,
  type PublishedEdition,
  type TemplateEdition,
} from '../../domain/template.js';
import type { Store } from '../mongo/connect.js';
import { counters } from '../mongo/counters.js';
import { addUnlessTaken, isDuplicateKey } from '../mongo/duplicate-key.js';
import { foreignOrMissing, type Owned } from '../mongo/ownership.js';
import { inTransaction } from '../mongo/transaction.js';
import type { SeenTemplate, Template, TemplateChange, TemplateFields, TemplateSummary } from './row.js';

export type Templates = ReturnType<typeof templates>;

const NOT_REMOVED = { removed_at: { $exists: false } } as const;

export function templates(store: Store) {
  const rows = store.db.collection<Template>('templates');
  return { ...reading(rows), ...editing(store, rows), ...publishing(store, rows) };
}

function reading(rows: Collection<Template>) {
  return {
    find: async (account: number, id: number): Promise<Owned<Template>> => {
      if (isSystemTemplate(id)) return SYSTEM_TEMPLATES.find(({ _id }) => _id === id) ?? 'missing';
      const row = await rows.findOne({ _id: id, ...NOT_REMOVED });
      if (row === null) return 'missing';
      return row.account === account ? row : foreignOrMissing(rows, account, row.account);
    },

    /** An account's own template precedes Everpost's of the same identifier. */
    findByIdentifier: async (account: number, identifier: string): Promise<Template | null> =>
      (await rows.findOne({ account, identifier })) ??
      SYSTEM_TEMPLATES.find((one) => one.identifier === identifier) ??
      null,

    /** Everpost's templates first, then the account's own in order of ids; without contents. */
    page: async (account: number, category: string | undefined, skip: number, limit: number) => {
      const system = SYSTEM_TEMPLATES.filter((one) => category === undefined || one.category === category);
      const own = { account, ...NOT_REMOVED, ...(category !== undefined && { category }) };
      const shown: TemplateSummary[] = system.slice(skip, skip + limit);
      const rest = limit - shown.length;
      const query = { projection: { contents: 0 }, skip: Math.max(0, skip - system.length), limit: rest } as const;
      const found = rest === 0 ? [] : await rows.find(own, query).sort({ _id: 1 }).toArray();
      return { found: [...shown, ...found], total: system.length + (await rows.countDocuments(own)) };
    },
  };
}

function editing(store: Store, rows: Collection<Template>) {
  const ids = counters(store);
  return {
    /** Adds a draft; the same `origin` returns the existing one. Atomic: one insert. */
    create: async (account: number, fields: TemplateFields, origin?: string): Promise<Template | 'taken'> => {
      await ids.reserve('templates', LAST_SYSTEM_TEMPLATE);
      const row = newRow(await ids.block('templates'), account, fields, origin);
      return addUnlessTaken(rows, row);
    },

    /** Writes the row if it has not changed since it was read; otherwise null. Atomic: one update. */
    change: async (seen: SeenTemplate, change: TemplateChange): Promise<Template | 'taken' | null> => {
      const revision = seen.revision + 1;
      const redrafted = change.contents !== undefined || change.default_language !== undefined;
      const $set = { ...change, revision, updated_at: now(), ...(redrafted && { drafted: revision }) };
      try {
        return await rows.findOneAndUpdate({ ...asSeen(seen) }, { $set }, { returnDocument: 'after' });
      } catch (error) {
        if (!isDuplicateKey(error)) throw error;
        return 'taken';
      }
    },

    /**
     * Hides the template and frees its identifier; false if the row has changed since it was read. Atomic: one update.
     */
    remove: async (seen: SeenTemplate): Promise<boolean> => {
      const at = now();
      const $set = { removed_at: at, updated_at: at, identifier: null, revision: seen.revision + 1 };
      return (await rows.updateOne({ ...asSeen(seen) }, { $set })).modifiedCount === 1;
    },
  };
}

function asSeen({ _id, account, revision }: SeenTemplate) {
  return { _id, account, revision, ...NOT_REMOVED };
}

function newRow(_id: number, account: number, fields: TemplateFields, origin?: string): Template {
  const at = now();
  const begun = { revision: 1, drafted: 1, versions: 0, published: null, created_at: at, updated_at: at };
  return { _id, account, ...fields, ...begun, ...(origin && { origin }) };
}

/** A published version; never changes. */
interface StoredVersion extends PublishedEdition {
  /** `<template>:<version>` */
  readonly _id: string;
  readonly account: number;
  readonly template: number;
  readonly published_at: Date;
  /** The version that it repeats, if an earlier one was republished. */
  readonly copy_of: number | null;
}

type VersionSummary = Omit<StoredVersion, 'contents' | 'default_language'>;

function publishing(store: Store, rows: Collection<Template>) {
  const versions = store.db.collection<StoredVersion>('template_versions');

  const put = (seen: Template, edition: TemplateEdition, drafted: number, copy_of: number | null) =>
    inTransaction(store, async (session) => {
      const at = now();
      const version = seen.versions + 1;
      const published = { version, drafted, at };
      const change = { versions: version, published, revision: seen.revision + 1, updated_at: at };
      const row = await advanced(rows, seen, change, session);
      if (row === null) return null;
      const { _id: template, account } = seen;
      const { default_language, contents } = edition;
      const stored = { account, template, version, default_language, contents, published_at: at, copy_of };
      await versions.insertOne({ _id: `${template}:${version}`, ...stored }, { session });
      return row;
    });

  return {
    /** Publishes the draft as a new version; null if the row has changed since it was read. Atomic: one transaction. */
    publish: async (seen: Template): Promise<Template | null> =>
      // A retry after a lost reply publishes nothing new.
      seen.published?.drafted === seen.drafted ? seen : put(seen, seen, seen.drafted, null),

    /** Publishes an earlier version again as a new one; the draft stays. Atomic: one transaction. */
    republish: (seen: Template, { version, ...edition }: PublishedEdition): Promise<Template | null> =>
      put(seen, edition, 0, version),

    /** A published version; null if the number does not exist. */
    version: async (account: number, template: number, version: number): Promise<PublishedEdition | null> => {
      if (isSystemTemplate(template)) return systemEdition(template, version);
      return versions.findOne({ _id: `${template}:${version}`, account });
    },

    /** Null: the template has no published version, or was removed. */
    publishedEdition: async (account: number, template: number): Promise<PublishedEdition | null> => {
      if (isSystemTemplate(template)) return systemEdition(template, undefined);
      const row = await rows.findOne({ _id: template, account, ...NOT_REMOVED });
      if (row === null || row.published === null) return null;
      return versions.findOne({ _id: `${template}:${row.published.version}`, account });
    },

    /** Newest first, without contents; those before `after`. */
    history: (
      account: number,
      template: number,
      after: number | undefined,
      limit: number,
    ): Promise<VersionSummary[]> => {
      const which: Filter<StoredVersion> = {
        account,
        template,
        ...(after !== undefined && { version: { $lt: after } }),
      };
      const projection = { contents: 0, default_language: 0 } as const;
      return versions.find(which, { projection, limit }).sort({ version: -1 }).toArray();
    },
  };
}

function advanced(rows: Collection<Template>, seen: SeenTemplate, change: Partial<Template>, session: ClientSession) {
  const { _id, account, revision } = seen;
  const filter = { _id, account, revision, removed_at: { $exists: false } };
  return rows.findOneAndUpdate(filter, { $set: change }, { session, returnDocument: 'after' });
}

function systemEdition(id: number, version: number | undefined): PublishedEdition | null {
  const row = SYSTEM_TEMPLATES.find(({ _id }) => _id === id);
  const published = row?.published?.version;
  if (row === undefined || published === undefined || (version ?? published) !== published) return null;
  const { default_language, contents } = row;
  return { version: published, default_language, contents, published_at: null };
}

const CATALOGUE = [
  { _id: 1, identifier: 'digest', name: 'Minimal Digest', category: 'newsletter' },
  { _id: 2, identifier: 'letter', name: 'Plain letter', category: 'newsletter' },
  { _id: 3, identifier: 'product-update', name: 'Product update', category: 'newsletter' },
  { _id: 4, identifier: 'announcement', name: 'Company Announcement', category: 'announcement' },
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
