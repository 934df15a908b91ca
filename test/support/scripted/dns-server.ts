import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';

/** A zone: records by name and type. TXT values may be long: they travel in strings of at most 255 octets. */
type Zone = Map<string, { TXT?: readonly string[]; CNAME?: string; MX?: readonly [number, string][] }>;

export interface DnsServer {
  /** `127.0.0.1:<port>` */
  readonly address: string;
  /** Changes to it are seen at once. */
  readonly zone: Zone;
  /** Names asked for, in order. */
  readonly queries: readonly string[];
  /** SERVFAIL to everything, or answers again. */
  fail(fails: boolean): void;
  close(): Promise<void>;
}

export interface DnsServerOptions {
  /** Puts what an alias leads to into the same answer, as recursive servers do (on). */
  readonly followsAliases?: boolean;
}

const TYPES: Readonly<Record<number, 'TXT' | 'CNAME' | 'MX'>> = { 5: 'CNAME', 15: 'MX', 16: 'TXT' };
const NUMBERS = { CNAME: 5, MX: 15, TXT: 16 } as const;
const NXDOMAIN = 3;
const SERVFAIL = 2;

/** A small real name server on loopback (RFC 1035, UDP). */
export async function dnsServer({ followsAliases = true }: DnsServerOptions = {}): Promise<DnsServer> {
  const zone: Zone = new Map();
  const queries: string[] = [];
  let failing = false;
  const socket = createSocket('udp4');
  socket.on('message', (query, { port, address }) => {
    const question = readQuestion(query);
    queries.push(question.name);
    const answers = failing ? [] : answersTo(zone, question, followsAliases);
    const code = failing ? SERVFAIL : zone.has(question.name) ? 0 : NXDOMAIN;
    socket.send(response(query, question.end, answers, code), port, address);
  });
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  return {
    address: `127.0.0.1:${(socket.address() as AddressInfo).port}`,
    zone,
    queries,
    fail: (fails) => {
      failing = fails;
    },
    close: () => new Promise((resolve) => socket.close(resolve)),
  };
}

interface Question {
  readonly name: string;
  readonly type: number;
  /** Where the question ends in the query. */
  readonly end: number;
}

function readQuestion(query: Buffer): Question {
  const labels: string[] = [];
  let at = 12;
  for (let length = query[at] ?? 0; length > 0; length = query[at] ?? 0) {
    labels.push(query.toString('latin1', at + 1, at + 1 + length));
    at += 1 + length;
  }
  return { name: labels.join('.').toLowerCase(), type: query.readUInt16BE(at + 1), end: at + 5 };
}

function answersTo(zone: Zone, { name, type }: Pick<Question, 'name' | 'type'>, follows: boolean): Buffer[] {
  const node = zone.get(name);
  const wanted = TYPES[type];
  if (node === undefined || wanted === undefined) return [];
  if (node.CNAME !== undefined) {
    const alias = record(name, 'CNAME', encodedName(node.CNAME));
    if (wanted === 'CNAME' || !follows) return [alias];
    return [alias, ...answersTo(zone, { name: node.CNAME, type }, follows)];
  }
  if (wanted === 'TXT') return (node.TXT ?? []).map((text) => record(name, 'TXT', strings(text)));
  if (wanted === 'MX') {
    return (node.MX ?? []).map(([priority, host]) =>
      record(name, 'MX', Buffer.concat([Buffer.from([priority >> 8, priority & 255]), encodedName(host)])),
    );
  }
  return [];
}

function record(name: string, type: keyof typeof NUMBERS, data: Buffer): Buffer {
  const head = Buffer.alloc(10);
  head.writeUInt16BE(NUMBERS[type], 0);
  head.writeUInt16BE(1, 2);
  head.writeUInt32BE(1, 4);
  head.writeUInt16BE(data.length, 8);
  return Buffer.concat([encodedName(name), head, data]);
}

function encodedName(name: string): Buffer {
  const labels = name.split('.').filter((label) => label !== '');
  const parts = labels.map((label) => Buffer.concat([Buffer.from([label.length]), Buffer.from(label, 'latin1')]));
  return Buffer.concat([...parts, Buffer.from([0])]);
}

function strings(text: string): Buffer {
  const pieces = text.match(/.{1,255}/gs) ?? [''];
  return Buffer.concat(
    pieces.map((piece) => Buffer.concat([Buffer.from([piece.length]), Buffer.from(piece, 'latin1')])),
  );
}

function response(query: Buffer, end: number, answers: readonly Buffer[], code: number): Buffer {
  const head = Buffer.from(query.subarray(0, 12));
  head.writeUInt16BE(0x8180 | code, 2);
  head.writeUInt16BE(1, 4);
  head.writeUInt16BE(answers.length, 6);
  head.writeUInt32BE(0, 8);
  return Buffer.concat([head, query.subarray(12, end), ...answers]);
}
