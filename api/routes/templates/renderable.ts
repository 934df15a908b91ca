import { brandOf } from '../../../domain/brand/brand.js';
import { Failure, type FieldErrors, isUnrenderable } from '../../../domain/errors.js';
import type { LanguageContent, TemplateContents } from '../../../domain/template.js';
import type { Deps } from '../../wiring.js';

type RenderDeps = Pick<Deps, 'accounts' | 'templateCache'>;

/** Compiles MJML before it is stored. Throws a failure that names unknown elements with their lines. */
export async function demandRenderable(deps: RenderDeps, account: number, contents: TemplateContents): Promise<void> {
  const faults: Record<string, readonly string[]> = {};
  for (const [tag, content] of Object.entries(contents)) {
    const found = content.format === 'mjml' ? await faultsIn(deps, account, tag, content) : [];
    if (found.length > 0) faults[`contents.${tag}.mjml`] = found.slice(0, 5);
  }
  if (Object.keys(faults).length > 0) throw new Failure('validation_failed', faults satisfies FieldErrors);
}

async function faultsIn(
  deps: RenderDeps,
  account: number,
  language: string,
  content: LanguageContent,
): Promise<string[]> {
  const { subject, preheader, format, source, text } = content;
  try {
    const { findings } = await deps.templateCache.render({
      template: { format, source },
      body: null,
      brand: brandOf(await deps.accounts.settings(account)),
      subject: subject ?? '',
      preheader,
      text,
      language,
      purpose: 'message',
      fields: null,
    });
    return findings.flatMap(({ code, where = '' }) => (code === 'mjml_invalid' ? where : []));
  } catch (error) {
    if (!isUnrenderable(error)) throw error;
    return Object.values(error.errors ?? {}).flat();
  }
}
