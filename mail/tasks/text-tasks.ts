import { LIGHT_LIMITS } from '../liquid/budget.js';
import { ifLight, LIGHT_SOURCE } from '../liquid/complexity.js';
import type { ThreadLimits } from '../threads/handle.js';
import { threadPool } from '../threads/pool.js';
import { threadBeside } from '../worker-thread.js';
import { TASKS, type TaskInput, type TaskName, type TaskResult } from './tasks.js';
import type { TaskJob } from './thread.js';

export const TASK_LIMITS: ThreadLimits = { threads: 1, time: 5_000, waiting: 200, idle: 30_000 };

/** Of one thread. */
export const TASK_MEGABYTES = 256;

/** Characters of a document that the event loop makes a text part of. */
export const LIGHT_HTML = 30_000;
/** Its tags. */
export const LIGHT_TAGS = 500;
/** Characters of all texts of a task together. */
export const LIGHT_TEXT = 300_000;

const LIGHT = { source: LIGHT_SOURCE, render: LIGHT_LIMITS };

export type TextTasks = ReturnType<typeof openTextTasks>;

/**
 * Works on text of others: on the event loop up to limits that are known before or that stop the work, else in a thread with
 * limits of time and memory. Throws `template_too_complex` or `not_renderable` for a thread that was ended, and `unavailable`
 * if too many tasks wait. The account is the one that the work is done for: accounts take turns.
 */
export function openTextTasks(limits: ThreadLimits = TASK_LIMITS) {
  const memory = { maxOldGenerationSizeMb: TASK_MEGABYTES };
  const program = { open: () => threadBeside(import.meta.url, 'thread', memory), field: 'content' };
  const pool = threadPool<TaskJob, unknown>(program, limits);

  const run = async <Name extends TaskName>(
    task: Name,
    account: number,
    input: TaskInput<Name>,
  ): Promise<TaskResult<Name>> => {
    const here = isShort(task, input) ? runHere(task, input) : undefined;
    return here === undefined ? ((await pool.run(account, { task, input })) as TaskResult<Name>) : here.result;
  };

  return {
    check: (account: number, letter: TaskInput<'check'>) => run('check', account, letter),
    checkIssue: (account: number, template: TaskInput<'checkIssue'>) => run('checkIssue', account, template),
    issue: (account: number, work: TaskInput<'issue'>) => run('issue', account, work),
    personal: (account: number, work: TaskInput<'personal'>) => run('personal', account, work),
    message: (account: number, work: TaskInput<'message'>) => run('message', account, work),
    sample: (account: number, sources: TaskInput<'sample'>) => run('sample', account, sources),
    text: (account: number, html: string) => run('text', account, html),
    close: () => pool.close(),
  };
}

function isShort(task: TaskName, input: unknown): boolean {
  if (task === 'text') return isShortHtml(String(input));
  return charactersIn(input, LIGHT_TEXT) >= 0;
}

/** Whether the event loop makes the text part of a document. */
export function isShortHtml(html: string): boolean {
  return html.length <= LIGHT_HTML && html.split('<').length <= LIGHT_TAGS;
}

/** What is left of `most` after all texts of a value; negative where it has more. */
function charactersIn(value: unknown, most: number): number {
  if (typeof value === 'string') return most - value.length;
  if (typeof value !== 'object' || value === null) return most;
  let left = most;
  for (const inner of Object.values(value)) {
    left = charactersIn(inner, left - 1);
    if (left < 0) return left;
  }
  return left;
}

/** Undefined: the work is too much for the event loop. */
function runHere<Name extends TaskName>(
  task: Name,
  input: TaskInput<Name>,
): { readonly result: TaskResult<Name> } | undefined {
  const here = TASKS[task] as (input: TaskInput<Name>, limits: object) => TaskResult<Name>;
  return ifLight(() => here(input, LIGHT));
}
