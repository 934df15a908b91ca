import { createWriteStream } from 'node:fs';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

const FIRST = [
  'Ana',
  'Bruno',
  'Chiara',
  'Dário',
  'Élise',
  'Finn',
  'Gülay',
  'Hana',
  'Ivo',
  'João',
  'Kaya',
  'Lúcia',
  'Maël',
  '美咲',
  'Zoë',
];
const LAST = ['Almeida', 'Brandt', 'Costa', 'Dubois', 'Eriksson', 'Ferreira', 'García', "O'Neill", 'Müller', 'Rossi'];
const CITIES = ['Lisboa', 'São Paulo', 'Köln', 'Lyon', 'Oslo', 'Kyoto'];

/** Writes a CSV of sample subscribers at `example.test`, all different, in constant memory. */
export async function writeSampleCsv(path: string, rows: number): Promise<void> {
  await pipeline(Readable.from(lines(rows)), createWriteStream(path));
}

function* lines(rows: number): Generator<string> {
  yield 'email,first_name,last_name,city\n';
  for (let i = 1; i <= rows; i++) {
    yield `reader${i}@example.test,${pick(FIRST, i)},${pick(LAST, i * 7)},${pick(CITIES, i * 3)}\n`;
  }
}

function pick(words: readonly string[], i: number): string {
  return words[i % words.length] ?? '';
}
