import { Failure } from '../../domain/errors.js';
import type { MessageContent } from '../../domain/message/message.js';
import { plain } from '../../mail/message/compose.js';
import { isShortHtml, type TextTasks } from '../../mail/tasks/text-tasks.js';

/**
 * The content with the text part of a large HTML, made in a thread, so that the worker that sends it does not parse the HTML.
 * Throws the Failure of an HTML that no text can be made of within the limits.
 */
export async function withTextPart(
  tasks: Pick<TextTasks, 'text'>,
  account: number,
  content: MessageContent,
): Promise<MessageContent> {
  const { html, text } = content;
  if (html === null || text !== null || isShortHtml(html)) return content;
  const text_part = await tasks.text(account, plain(html)).catch((error: unknown) => {
    throw error instanceof Failure && error.errors !== undefined
      ? new Failure(error.code, { html: Object.values(error.errors).flat() })
      : error;
  });
  return { ...content, text_part };
}
