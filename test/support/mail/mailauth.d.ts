declare module 'mailauth/lib/dkim/verify.js' {
  interface Signature {
    readonly signingDomain: string;
    readonly selector: string;
    readonly algo: string;
    readonly status: { readonly result: string; readonly comment?: string };
    readonly signingHeaders: { readonly keys: string };
  }
  export function dkimVerify(
    mail: Buffer,
    options: { resolver: (name: string, type: string) => Promise<string[][]> },
  ): Promise<{ readonly results: readonly Signature[] }>;
}
