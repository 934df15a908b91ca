import { Parser } from 'htmlparser2';
import { refused } from '../../../uploads.js';

export type Attributes = Readonly<Record<string, string>>;

/** Elements inside each other; those of workbooks are ten. The time of the parser grows with the square of this. */
const DEEPEST = 100;

/** The handlers of a streaming XML reader; names come without their prefix. No entity of the document is expanded. */
export interface XmlHandlers {
  readonly open: (name: string, attributes: Attributes) => void;
  readonly text: (text: string) => void;
  readonly close: (name: string) => void;
}

export function xmlReader({ open, text, close }: XmlHandlers) {
  const bare = (name: string) => name.slice(name.indexOf(':') + 1);
  let depth = 0;
  const parser = new Parser(
    {
      onopentag: (name, attributes) => {
        depth += 1;
        if (depth > DEEPEST) throw refused('file', `The workbook has more than ${DEEPEST} elements inside each other.`);
        open(bare(name), attributes);
      },
      ontext: text,
      onclosetag: (name) => {
        depth -= 1;
        close(bare(name));
      },
    },
    { xmlMode: true },
  );
  const decoder = new TextDecoder();
  return {
    write: (block: Buffer): void => parser.write(decoder.decode(block, { stream: true })),
    end: (): void => parser.end(),
  };
}
