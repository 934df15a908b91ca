import { inflateRawSync } from 'node:zlib';

const END_OF_DIRECTORY = 0x06054b50;
const DIRECTORY_ENTRY = 0x02014b50;
const LOCAL_HEADER = 0x04034b50;
const STORED = 0;
const DEFLATED = 8;

/** The bytes of one member of a zip archive (APPNOTE.TXT 4.3); throws if the archive or the member is damaged. */
export function unzipMember(archive: Buffer, member: string): Buffer {
  const entry = findEntry(archive, member);
  if (archive.readUInt32LE(entry.headerAt) !== LOCAL_HEADER) throw new Error('the archive is damaged');
  const nameAndExtra = archive.readUInt16LE(entry.headerAt + 26) + archive.readUInt16LE(entry.headerAt + 28);
  const start = entry.headerAt + 30 + nameAndExtra;
  const packed = archive.subarray(start, start + entry.packedSize);
  const bytes = inflate(packed, entry.method);
  if (bytes.length !== entry.size) throw new Error(`${member} has ${bytes.length} bytes instead of ${entry.size}`);
  return bytes;
}

function inflate(packed: Buffer, method: number): Buffer {
  if (method === STORED) return packed;
  if (method === DEFLATED) return inflateRawSync(packed);
  throw new Error(`the archive uses the unknown compression ${method}`);
}

interface Entry {
  readonly method: number;
  readonly packedSize: number;
  readonly size: number;
  readonly headerAt: number;
}

function findEntry(archive: Buffer, member: string): Entry {
  const end = endOfDirectory(archive);
  const entries = archive.readUInt16LE(end + 10);
  let at = archive.readUInt32LE(end + 16);
  for (let i = 0; i < entries; i++) {
    if (archive.readUInt32LE(at) !== DIRECTORY_ENTRY) throw new Error('the directory of the archive is damaged');
    const nameLength = archive.readUInt16LE(at + 28);
    if (archive.toString('utf8', at + 46, at + 46 + nameLength) === member) {
      return {
        method: archive.readUInt16LE(at + 10),
        packedSize: archive.readUInt32LE(at + 20),
        size: archive.readUInt32LE(at + 24),
        headerAt: archive.readUInt32LE(at + 42),
      };
    }
    at += 46 + nameLength + archive.readUInt16LE(at + 30) + archive.readUInt16LE(at + 32);
  }
  throw new Error(`the archive has no ${member}`);
}

function endOfDirectory(archive: Buffer): number {
  const farthest = Math.max(0, archive.length - 22 - 0xffff);
  for (let at = archive.length - 22; at >= farthest; at--) {
    if (archive.readUInt32LE(at) === END_OF_DIRECTORY) return at;
  }
  throw new Error('the file is not a zip archive');
}
