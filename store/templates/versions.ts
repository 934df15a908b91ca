import type { ClientSession, Collection, Filter } from 'mongodb';
import { now } from '../../clock.js';
import { isSystemTemplate, type PublishedEdition, type TemplateEdition } from '../../domain/template.js';
import type { Store } from '../mongo/connect.js';
import { inTransaction } from '../mongo/transaction.js';
import type { SeenTemplate, Template } from './row.js';
import { SYSTEM_TEMPLATES } from './system-templates.js';

/** A published version; never changes. */
export interface StoredVersion extends PublishedEdition {
  /** `<template>:<version>` */
  readonly _id: string;
  readonly account: number;
  readonly template: number;
  readonly published_at: Date;
  /** The version that it repeats, if an earlier one was republished. */
  readonly copy_of: number | null;
}

export type VersionSummary = Omit<StoredVersion, 'contents' | 'default_language'>;

export function publishing(store: Store, rows: Collection<Template>) {
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

    /** The published edition, also of a removed template, because campaigns may still refer to it. */
    publishedEdition: async (account: number, template: number): Promise<PublishedEdition | null> => {
      if (isSystemTemplate(template)) return systemEdition(template, undefined);
      const row = await rows.findOne({ _id: template, account });
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
