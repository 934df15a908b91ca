import { type Finding, finding } from '../../../domain/mail/finding.js';
import { hasPlaceholder, type Placeholders } from '../../liquid/placeholders.js';
import { keptByMjml } from '../scan.js';
import { checkedMjml } from './personal-values.js';

/** MJML as HTML, with marks for Liquid. Throws for MJML that cannot be read. */
export async function compiledMjml(
  source: string,
  placeholders: Placeholders,
): Promise<{ readonly html: string; readonly findings: readonly Finding[] }> {
  // Loaded only for MJML: it is half of the code of a thread.
  const [{ default: mjml }, { components }] = await Promise.all([import('mjml'), import('mjml-core')]);
  const checked = checkedMjml(source, components, placeholders);
  const { html, errors } = await mjml(keptByMjml(checked.source), {
    validationLevel: 'soft',
    keepComments: false,
    fonts: {},
    ignoreIncludes: true,
  });
  const invalid = errors.filter(({ message }) => !hasPlaceholder(message));
  const { html: finished, findings } = checked.finish(html);
  // MJML inlines its own styles; the remaining sheets are resets and media queries.
  const reset = finished.replace(/<style\b( data-inline)?/gi, (_, inline) => (inline ? '<style' : '<style data-embed'));
  return {
    html: reset.replace(/(?<!\s)\s*\n\s*/g, '\n'),
    findings: [...findings, ...invalid.map(({ line, message }) => finding('mjml_invalid', `line ${line}: ${message}`))],
  };
}
