declare module 'mjml' {
  interface MjmlOptions {
    readonly validationLevel?: 'strict' | 'soft' | 'skip';
    readonly keepComments?: boolean;
    readonly beautify?: boolean;
    readonly minify?: boolean;
    readonly fonts?: Readonly<Record<string, string>>;
    readonly ignoreIncludes?: boolean;
  }
  interface MjmlResult {
    readonly html: string;
    readonly errors: readonly { readonly line: number; readonly message: string; readonly tagName: string }[];
  }
  export default function mjml2html(source: string, options?: MjmlOptions): Promise<MjmlResult>;
}

declare module 'mjml-core' {
  export const components: Readonly<
    Record<
      string,
      | {
          readonly allowedAttributes?: Readonly<Record<string, string>>;
          readonly defaultAttributes?: Readonly<Record<string, string>>;
        }
      | undefined
    >
  >;
}

declare module 'sanitize-html' {
  type Attributes = Record<string, string>;
  interface Options {
    readonly allowedTags: readonly string[];
    readonly allowedAttributes: Readonly<Record<string, readonly string[]>>;
    readonly allowedSchemes: readonly string[];
    readonly allowedSchemesByTag?: Readonly<Record<string, readonly string[]>>;
    readonly allowedSchemesAppliedToAttributes?: readonly string[];
    readonly allowProtocolRelative?: boolean;
    readonly allowVulnerableTags?: boolean;
    readonly parseStyleAttributes?: boolean;
    readonly nonTextTags?: readonly string[];
    readonly nestingLimit?: number;
    readonly parser?: { readonly lowerCaseAttributeNames?: boolean; readonly decodeEntities?: boolean };
    readonly transformTags?: Readonly<
      Record<string, (tagName: string, attribs: Attributes) => { tagName: string; attribs: Attributes }>
    >;
    readonly onOpenTag?: (tagName: string, attribs: Attributes) => void;
  }
  export default function sanitizeHtml(html: string, options: Options): string;
}
