/** A kind of file: its extensions and its detected content. */
interface FileKind {
  readonly extensions: readonly [string, ...string[]];
  /** The content that such a file may have. */
  readonly contents: readonly DetectedType[];
}

/** What a file may be by its bytes, independent of name and type. */
export type DetectedType = 'pdf' | 'zip' | 'office' | 'ole' | 'jpeg' | 'png' | 'gif' | 'webp' | 'text' | 'program';

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
  'application/pdf': { extensions: ['pdf'], contents: ['pdf'] },
  'application/zip': { extensions: ['zip'], contents: ['zip', 'office'] },
  'text/plain': { extensions: ['txt', 'text', 'log'], contents: ['text'] },
  // A document with a password is an OLE file.
  [SHEET]: { extensions: ['xlsx'], contents: ['office', 'ole'] },
  [DOCUMENT]: { extensions: ['docx'], contents: ['office', 'ole'] },
  // Many programs write HTML, CSV or XML for Excel.
  'application/excel': { extensions: ['xls'], contents: ['ole', 'office', 'text'] },
  'application/vnd.ms-excel': { extensions: ['xls'], contents: ['ole', 'office', 'text'] },
  'image/jpeg': { extensions: ['jpg', 'jpeg'], contents: ['jpeg'] },
  'image/png': { extensions: ['png'], contents: ['png'] },
  'image/gif': { extensions: ['gif'], contents: ['gif'] },
  'image/webp': { extensions: ['webp'], contents: ['webp'] },
  'text/csv': { extensions: ['csv'], contents: ['text'] },
  'text/calendar': { extensions: ['ics'], contents: ['text'] },
  'text/xml': { extensions: ['xml'], contents: ['text'] },
  'application/xml': { extensions: ['xml'], contents: ['text'] },
  'application/json': { extensions: ['json'], contents: ['text'] },
  'application/rtf': { extensions: ['rtf'], contents: ['text'] },
  'application/msword': { extensions: ['doc'], contents: ['ole', 'office', 'text'] },
  'application/vnd.ms-powerpoint': { extensions: ['ppt'], contents: ['ole', 'office'] },
  [SLIDES]: { extensions: ['pptx'], contents: ['office', 'ole'] },
  'application/vnd.oasis.opendocument.text': { extensions: ['odt'], contents: ['zip'] },
  'application/vnd.oasis.opendocument.spreadsheet': { extensions: ['ods'], contents: ['zip'] },
  'application/vnd.oasis.opendocument.presentation': { extensions: ['odp'], contents: ['zip'] },
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

/** The name without the extension of its type. */
export function bareName(name: string, mime: string): string {
  const extension = extensionOf(name);
  const isOwn = extension !== undefined && KINDS[mime.toLowerCase()]?.extensions.includes(extension) === true;
  return isOwn ? name.slice(0, -extension.length - 1) : name;
}

/** Whether a file of this type may have such content. */
export function matchesContent(mime: string, found: readonly DetectedType[]): boolean {
  if (found.includes('program')) return false;
  const kind = KINDS[mime];
  return kind === undefined || kind.contents.some((content) => found.includes(content));
}

function extensionOf(name: string): string | undefined {
  return /\.([A-Za-z0-9]{1,8})$/.exec(name)?.[1]?.toLowerCase();
}
