import type { Fault } from './fault.ts';

const FOLDER = 'docs/examples/ip-reputation';
const source = (name: string): string => `${FOLDER}/${name}.ts`;
const tests = (...names: readonly string[]): string[] => names.map((name) => `${FOLDER}/${name}.test.ts`);

/** Mistakes of the example, which copies of it would have. */
export const exampleFaults: readonly Fault[] = [
  {
    name: 'no address taken for a good one',
    mistake: 'a client without an address keeps the score of the one before',
    file: source('agent'),
    search: 'if (ip === undefined) ack.unset(ipScore);',
    replace: 'if (ip === undefined) return;',
    noticedBy: tests('agent'),
  },
  {
    name: 'old score kept after a failure',
    mistake: 'the fallback sets nothing, and the session keeps the old score',
    file: source('agent'),
    search: 'fallback: (_, ack) => void ack.unset(ipScore),',
    replace: 'fallback: () => {},',
    noticedBy: tests('agent'),
  },
  {
    name: 'failures silent',
    mistake: 'the example has no logger, so that nobody learns of errors',
    file: source('agent'),
    search: 'logger: textLogger(),',
    replace: '',
    noticedBy: tests('agent'),
  },
  {
    name: 'table watched after the end',
    mistake: 'the file is still watched while the agent drains',
    file: source('table-file'),
    search: '    unwatchFile(this.path, this.#changed);\n',
    replace: '',
    noticedBy: tests('table-file'),
  },
  {
    name: 'table lost while its file is wrong',
    mistake: 'a table with an error in it replaces the good one',
    file: source('table-file'),
    search: 'this.#options.onError?.(messageOf(error));',
    replace: "this.#table = parseTable('');\n      this.#options.onError?.(messageOf(error));",
    noticedBy: tests('agent', 'table-file'),
  },
  {
    name: 'file of the same age not read',
    mistake: 'cp -p and mv keep the time of the file',
    file: source('table-file'),
    search: 'now.mtimeMs === before.mtimeMs && now.ino === before.ino && now.size === before.size',
    replace: 'now.mtimeMs === before.mtimeMs',
    noticedBy: tests('table-file'),
  },
  {
    name: 'score 101 taken',
    mistake: 'any number of three digits is a score',
    file: source('parse-table'),
    search: 'if (!(score <= 100)) throw',
    replace: 'if (!(score <= 999)) throw',
    noticedBy: tests('table'),
  },
  {
    name: 'range that begins elsewhere taken',
    mistake: '10.1.2.3/8 is taken for 10.0.0.0/8',
    file: source('parse-table'),
    search: 'if ((first & ((1n <<',
    replace: 'if (first < 0n && (first & ((1n <<',
    noticedBy: tests('table'),
  },
  {
    name: 'prefix /33 taken',
    mistake: 'an IPv4 prefix may be as long as one of IPv6',
    file: source('parse-table'),
    search: '|| Number(length) > width) {',
    replace: '|| Number(length) > 128) {',
    noticedBy: tests('table'),
  },
  {
    name: 'first range wins',
    mistake: 'an address in a range within a range has the score of the wider one',
    file: source('table'),
    search: ': a.bits - b.bits));',
    replace: ': b.bits - a.bits));',
    noticedBy: tests('table'),
  },
  {
    name: 'last address of a range outside',
    mistake: 'the end of a range is one too early',
    file: source('table'),
    search: 'top !== undefined && top.next <= address;',
    replace: 'top !== undefined && top.next - 1n <= address;',
    noticedBy: tests('table'),
  },
  {
    name: 'IPv4 looked up as IPv6',
    mistake: 'an IPv4 address is searched for at a wrong place',
    file: source('table'),
    search: '      key[2] = 0xffff;',
    replace: '      key[2] = 0;',
    noticedBy: tests('table'),
  },
];
