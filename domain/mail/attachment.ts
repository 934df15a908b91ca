/** A kind of file: its extensions and its detected content. */
interface FileKind {
  readonly extensions: readonly [string, ...string[]];
  readonly detected: DetectedType;
}

/** The content as detected from the first bytes, independent of name and type. */
export type DetectedType =
  | 'pdf'
  | 'zip'
  | 'office'
  | 'ole'
  | 'jpeg'
  | 'png'
  | 'gif'
  | 'webp'
  | 'text'
  | 'program'
  | 'unknown';

const SHEET = 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet';
const DOCUMENT = 'application/vnd.openxmlformats-officedocument.wordprocessingml.document';
const SLIDES = 'application/vnd.openxmlformats-officedocument.presentationml.presentation';

/** Other names of media types that programs send. */
const ALIASES: Readonly<Record<string, string>> = {
  'image/jpg': 'image/jpeg',
  'image/pjpeg': 'image/jpeg',
  'image/x-png': 'image/png',
  'application/x-pdf': 'application/pdf',
  'application/x-zip-compressed': 'application/zip',
  'application/csv': 'text/csv',
  'text/comma-separated-values': 'text/csv',
  'application/ics': 'text/calendar',
  'text/rtf': 'application/rtf',
};

/** Media types whose files are recognised by their bytes; other files are only checked not to be programs. */
const KINDS: Readonly<Record<string, FileKind>> = {
  'application/pdf': { extensions: ['pdf'], detected: 'pdf' },
  'application/zip': { extensions: ['zip'], detected: 'zip' },
  'text/plain': { extensions: ['txt', 'text', 'log'], detected: 'text' },
  [SHEET]: { extensions: ['xlsx'], detected: 'office' },
  [DOCUMENT]: { extensions: ['docx'], detected: 'office' },
  'application/excel': { extensions: ['xls'], detected: 'ole' },
  'application/vnd.ms-excel': { extensions: ['xls'], detected: 'ole' },
  'image/jpeg': { extensions: ['jpg', 'jpeg'], detected: 'jpeg' },
  'image/png': { extensions: ['png'], detected: 'png' },
  'image/gif': { extensions: ['gif'], detected: 'gif' },
  'image/webp': { extensions: ['webp'], detected: 'webp' },
  'text/csv': { extensions: ['csv'], detected: 'text' },
  'text/calendar': { extensions: ['ics'], detected: 'text' },
  'text/xml': { extensions: ['xml'], detected: 'text' },
  'application/xml': { extensions: ['xml'], detected: 'text' },
  'application/json': { extensions: ['json'], detected: 'text' },
  'application/rtf': { extensions: ['rtf'], detected: 'text' },
  'application/msword': { extensions: ['doc'], detected: 'ole' },
  'application/vnd.ms-powerpoint': { extensions: ['ppt'], detected: 'ole' },
  [SLIDES]: { extensions: ['pptx'], detected: 'office' },
  'application/vnd.oasis.opendocument.text': { extensions: ['odt'], detected: 'zip' },
  'application/vnd.oasis.opendocument.spreadsheet': { extensions: ['ods'], detected: 'zip' },
  'application/vnd.oasis.opendocument.presentation': { extensions: ['odp'], detected: 'zip' },
};

/** The media type without parameters: the given one, else the allowed one for the file's extension. */
export function mediaTypeOf(name: string, mime: string | undefined, allowed: readonly string[]): string | undefined {
  if (mime !== undefined) {
    const given = mime.replace(/;.*/s, '').trim().toLowerCase();
    return (allowed.includes(given) ? undefined : ALIASES[given]) ?? given;
  }
  const extension = extensionOf(name);
  return allowed.find((type) => extension !== undefined && KINDS[type]?.extensions.includes(extension));
}

/** The name for the recipient, with the extension of its type; undefined if it has another extension. */
export function fileName(name: string, mime: string): string | undefined {
  const kind = KINDS[mime];
  if (kind === undefined) return name;
  const extension = extensionOf(name);
  if (extension !== undefined && kind.extensions.includes(extension)) return name;
  return extension === undefined ? `${name}.${kind.extensions[0]}` : undefined;
}

/** Adds the extension of the type to a name without it, whatever dots the name contains. */
export function withExtension(name: string, mime: string): string {
  const kind = KINDS[mime.toLowerCase()];
  return kind === undefined || fileName(name, mime.toLowerCase()) === name ? name : `${name}.${kind.extensions[0]}`;
}

/** Whether the detected content is allowed for this type. */
export function matchesContent(mime: string, detected: DetectedType): boolean {
  const expected = KINDS[mime]?.detected;
  if (expected === undefined) return detected !== 'program';
  // Every office document is also a zip, and an empty text is a text.
  return detected === expected || (expected === 'zip' && detected === 'office');
}

function extensionOf(name: string): string | undefined {
  return /\.([A-Za-z0-9]{1,8})$/.exec(name)?.[1]?.toLowerCase();
}
