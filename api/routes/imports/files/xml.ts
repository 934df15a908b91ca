import { Parser } from 'htmlparser2';

export type Attributes = Readonly<Record<string, string>>;

/** The handlers of a streaming XML reader; names come without their prefix. No entity of the document is expanded. */
export interface XmlHandlers {
  readonly open: (name: string, attributes: Attributes) => void;
  readonly text: (text: string) => void;
  readonly close: (name: string) => void;
}

export function xmlReader({ open, text, close }: XmlHandlers) {
  const bare = (name: string) => name.slice(name.indexOf(':') + 1);
  const parser = new Parser(
    {
      onopentag: (name, attributes) => open(bare(name), attributes),
      ontext: text,
      onclosetag: (name) => close(bare(name)),
    },
    { xmlMode: true },
  );
  const decoder = new TextDecoder();
  return {
    write: (block: Buffer): void => parser.write(decoder.decode(block, { stream: true })),
    end: (): void => parser.end(),
  };
}
