import { Readable, type Writable } from 'node:stream';
import { GridFSBucket, ObjectId } from 'mongodb';
import type { Store } from './connect.js';

export type BlobId = ObjectId;

export type Blobs = ReturnType<typeof blobs>;

/** Files too large for a document, in GridFS blocks of 255 KiB: nobody ever holds a whole one in memory. */
export function blobs({ db }: Store) {
  const bucket = new GridFSBucket(db, { bucketName: 'blobs' });
  const files = db.collection<{ _id: ObjectId; length: number; metadata: { account: number } }>('blobs.files');
  const blocks = db.collection<{ files_id: ObjectId }>('blobs.chunks');
  return {
    newId: (): BlobId => new ObjectId(),

    /** A stream that stores what is written to it; stored for good once it has finished. */
    write: (account: number, id: BlobId, name: string): Writable =>
      bucket.openUploadStreamWithId(id, name, { metadata: { account } }),

    /** The file from a byte on; undefined if it is not there. Starts at the block that holds the byte, whatever lies before it. */
    read: async (account: number, id: BlobId, from = 0): Promise<Readable | undefined> => {
      const file = await files.findOne({ _id: id, 'metadata.account': account });
      if (file === null) return undefined;
      // The driver cuts at byte 0 where a start comes without an end, and cannot open an empty range.
      return from < file.length ? bucket.openDownloadStream(id, { start: from, end: file.length }) : Readable.from([]);
    },

    /** Forgets a file, also one whose upload broke off; repeating it changes nothing. */
    remove: async (account: number, id: BlobId): Promise<void> => {
      const file = await files.findOne({ _id: id });
      if (file !== null && file.metadata.account !== account) return;
      await files.deleteOne({ _id: id });
      await blocks.deleteMany({ files_id: id });
    },
  };
}
