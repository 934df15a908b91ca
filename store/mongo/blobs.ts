import { Readable, type Writable } from 'node:stream';
import { GridFSBucket, ObjectId } from 'mongodb';
import type { Store } from './connect.js';

export type BlobId = ObjectId;

export type Blobs = ReturnType<typeof blobs>;

/** Files too large for a document, in GridFS chunks of 255 KiB; a file is never held in memory as a whole. */
export function blobs({ db }: Store) {
  const bucket = new GridFSBucket(db, { bucketName: 'blobs' });
  const files = db.collection<{ _id: ObjectId; length: number; metadata: { account: number } }>('blobs.files');
  const blocks = db.collection<{ files_id: ObjectId }>('blobs.chunks');
  return {
    newId: (): BlobId => new ObjectId(),

    /** A stream that stores its input; the file exists once the stream has finished. */
    write: (account: number, id: BlobId, name: string): Writable =>
      bucket.openUploadStreamWithId(id, name, { metadata: { account } }),

    /** The file from the given byte on; undefined if it does not exist. Starts at the chunk that contains the byte. */
    read: async (account: number, id: BlobId, from = 0): Promise<Readable | undefined> => {
      const file = await files.findOne({ _id: id, 'metadata.account': account });
      if (file === null) return undefined;
      // Given a start without an end the driver stops at byte 0, and it cannot open an empty range.
      return from < file.length ? bucket.openDownloadStream(id, { start: from, end: file.length }) : Readable.from([]);
    },

    /** Deletes a file, including one whose upload was aborted; idempotent. */
    remove: async (account: number, id: BlobId): Promise<void> => {
      const file = await files.findOne({ _id: id });
      if (file !== null && file.metadata.account !== account) return;
      await files.deleteOne({ _id: id });
      await blocks.deleteMany({ files_id: id });
    },
  };
}
