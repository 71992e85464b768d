import { execFile } from 'node:child_process';
import { chmod, copyFile, readdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import {
  corrupt,
  corruptionsOf,
  agentHello,
  ack,
  haproxyHello,
  notify,
  parse,
  parseStream,
  type TypedData,
} from '@spop/builder';
import { readCaptures, type Capture } from '@spop-internal/testbed/captures';
import { lastWords, unpackDebian } from '@spop-internal/testbed/debian/unpack';
import { pcapOf, tcpPackets, type Said } from '@spop-internal/testbed/packets';
import { TemporaryFolder } from '@spop-internal/testbed/temporary-folder';
import { stopAfterTest } from '@spop-internal/testbed/vitest';
import { describe, expect, it } from 'vitest';

const DISSECTOR = fileURLToPath(new URL('../../../builder/wireshark/spop.lua', import.meta.url));
const run = promisify(execFile);

type Frame = ReturnType<typeof parse>[number];

/** Debian's releases with the Lua of their Wireshark. */
const suites = [
  ['bookworm', '5.2'],
  ['trixie', '5.4'],
] as const;

/** `tshark` of a release, or the reason why there is none. In continuous integration that is a failure. */
async function findTshark(suite: string): Promise<{ path?: string; refusal?: string }> {
  try {
    return { path: `${await unpackDebian({ packages: ['tshark'], suites: [suite] })}/tshark` };
  } catch (error) {
    if (process.env['CI']) throw error;
    return { refusal: lastWords(error) };
  }
}

/** Wireshark runs no Lua as root, so another user runs it, who may read the same files. */
const AS_USER = ['--reuid', '65534', '--regid', '65534', '--clear-groups'];
const MAY_READ = ['--inh-caps', '+dac_read_search', '--ambient-caps', '+dac_read_search'];

/** The output of tshark for some packets, with the dissector. */
async function tshark(path: string, packets: readonly Uint8Array[], words: readonly string[]): Promise<string> {
  const folder = stopAfterTest(await TemporaryFolder.make());
  await chmod(folder.path, 0o777);
  // Wireshark before 4.4 has a part of Lua's names in files; Debian has them in two folders that link to each other.
  const root = join(dirname(dirname(path)), 'root');
  for (const from of [join(root, 'usr/share/wireshark'), join(root, 'etc/wireshark')]) {
    const files = await readdir(from).catch(() => []);
    for (const file of files.filter((name) => name.endsWith('.lua'))) {
      await copyFile(join(from, file), folder.file(file)).catch(() => undefined);
    }
  }
  const capture = folder.file('traffic.pcap');
  await writeFile(capture, pcapOf(packets));
  const env = { ...process.env, HOME: folder.path, WIRESHARK_DATA_DIR: folder.path };
  const command = [path, '-X', `lua_script:${DISSECTOR}`, '-r', capture, ...words];
  const all = process.getuid?.() === 0 ? ['setpriv', ...AS_USER, ...MAY_READ, ...command] : command;
  const { stdout, stderr } = await run(all[0] ?? '', all.slice(1), { env, maxBuffer: 1 << 28 });
  expect(stderr).not.toContain('Lua');
  return stdout;
}

/** Both sides of a connection that was captured, in their order. */
function conversationOf({ bytes, agent_sent: sent }: Capture): Said[] {
  let read = 0;
  const said = sent.flatMap(({ after_rx_bytes: end, hex }): Said[] => {
    const before = bytes.subarray(read, end);
    read = Math.max(read, end);
    return [
      { from: 'client', bytes: before },
      { from: 'server', bytes: Buffer.from(hex, 'hex') },
    ];
  });
  return [...said, { from: 'client', bytes: bytes.subarray(read) }];
}

const FIELDS = [
  'type',
  'stream_id',
  'frame_id',
  'item',
  'message',
  'argument',
  'variable',
  'int',
  'uint',
  'ipv4',
  'ipv6',
  'string',
];
const SEPARATOR = '\u001f';
const MAX_TEXT = 100;

/** The fields of a frame, by the dissector's names. */
function fieldsOf(frame: Frame): Record<string, readonly string[]> {
  const named =
    'items' in frame ? frame.items : frame.type === 'NOTIFY' ? frame.messages.flatMap(({ args }) => args) : [];
  const actions = frame.type === 'ACK' ? frame.actions : [];
  const values = [
    ...named.map(({ value }) => value),
    ...actions.flatMap((action) => (action.type === 'set-var' ? [action.value] : [])),
  ];
  const ofTypes = (...types: readonly TypedData['type'][]): string[] =>
    values.flatMap((value) => (types.includes(value.type) && 'value' in value ? [String(value.value)] : []));
  const types = {
    'HAPROXY-HELLO': 1,
    'HAPROXY-DISCONNECT': 2,
    NOTIFY: 3,
    'NOTIFY-FRAGMENT': 3,
    'AGENT-HELLO': 101,
    'AGENT-DISCONNECT': 102,
    ACK: 103,
    UNSET: 0,
    UNKNOWN: 99,
  };
  return {
    type: [String(types[frame.type])],
    stream_id: [String(frame.streamId)],
    frame_id: [String(frame.frameId)],
    item: 'items' in frame ? frame.items.map(({ name }) => name) : [],
    message: frame.type === 'NOTIFY' ? frame.messages.map(({ name }) => name) : [],
    argument: frame.type === 'NOTIFY' ? named.map(({ name }) => name) : [],
    variable: actions.map(({ name }) => name),
    int: ofTypes('int32', 'int64'),
    uint: ofTypes('uint32', 'uint64'),
    ipv4: ofTypes('ipv4'),
    ipv6: ofTypes('ipv6'),
    string: ofTypes('string'),
  };
}

/** Texts as both sides show them: without empty ones, which tshark does not tell from none, and without those that it escapes. */
function comparable(texts: readonly string[]): string[] {
  return texts.filter((text) => /^[ !#-[\]-~]+$/.test(text)).map((text) => text.slice(0, MAX_TEXT));
}

for (const [suite, lua] of suites) {
  const { path, refusal } = await findTshark(suite);
  describe.skipIf(path === undefined)(`spop.lua, Lua ${lua}${refusal === undefined ? '' : ` (${refusal})`}`, () => {
    it('reads the frames of HAProxy and the agent as the builder does', async () => {
      const captures = readCaptures();
      const packets = captures.flatMap((capture, index) =>
        tcpPackets(conversationOf(capture), { port: 20_000 + index }),
      );
      const shown = ['tcp.stream', 'tcp.srcport', ...FIELDS.map((field) => `spop.${field}`)].flatMap((name) => [
        '-e',
        name,
      ]);
      const form = ['-T', 'fields', '-E', 'separator=/t', '-E', `aggregator=${SEPARATOR}`];
      const output = await tshark(path ?? '', packets, [...form, ...shown]);
      const read = new Map<string, string[]>();
      for (const line of output.trimEnd().split('\n')) {
        const [stream = '', port = '', ...columns] = line.split('\t');
        for (const [index, column] of columns.entries()) {
          const key = `${stream} ${port === '9000' ? 'agent' : 'haproxy'} ${FIELDS[index]}`;
          read.set(key, [...(read.get(key) ?? []), ...comparable(column.split(SEPARATOR))]);
        }
      }
      const expected = new Map<string, string[]>();
      for (const [index, capture] of captures.entries()) {
        const agent = Buffer.concat(capture.agent_sent.map(({ hex }) => Buffer.from(hex, 'hex')));
        for (const [side, bytes] of [
          ['haproxy', capture.bytes],
          ['agent', agent],
        ] as const) {
          const frames = parse(bytes, { ackPadding: true }).map(fieldsOf);
          for (const field of FIELDS) {
            expected.set(`${index} ${side} ${field}`, comparable(frames.flatMap((frame) => frame[field] ?? [])));
          }
        }
      }
      expect([...expected.keys()].length).toBe(captures.length * 2 * FIELDS.length);
      for (const [key, texts] of expected) expect([key, read.get(key)]).toEqual([key, texts]);
    });

    it('joins segments, matches each ACK with its NOTIFY, and says so in the list of packets', async () => {
      const conversation: Said[] = [
        { from: 'client', bytes: haproxyHello().toBytes() },
        { from: 'server', bytes: agentHello().toBytes() },
        {
          from: 'client',
          bytes: notify({ streamId: 3 })
            .message('check', { body: 'x'.repeat(5000) })
            .toBytes(),
        },
        { from: 'server', bytes: ack({ streamId: 3 }).setVar('sess', 'score', -1n).toBytes() },
      ];
      const packets = tcpPackets(conversation);
      const list = await tshark(path ?? '', packets, []);
      expect(list).toMatch(/SPOP .* NOTIFY 3:1 check; /);
      expect(list).toMatch(/SPOP .* ACK 3:1 set-var sess\.score = -1; /);
      const words = ['-T', 'fields', '-e', 'spop.request_in', '-e', 'spop.time', '-Y', 'spop.type == 103'];
      const [request, time] = (await tshark(path ?? '', packets, words)).trim().split('\t');
      // The last of the four segments of the NOTIFY, a millisecond before the ACK.
      expect(request).toBe('9');
      expect(Number(time)).toBeCloseTo(0.001, 4);
    });

    it('marks malformed frames, and never fails', async () => {
      const frames = [
        notify().message('m', { a: 1, b: 'text' }),
        ack().setVar('txn', 'a', 1).unsetVar('txn', 'b'),
        agentHello(),
      ];
      const spoiled = frames.flatMap((frame) => corruptionsOf(frame).map((name) => corrupt(frame, name)));
      const packets = spoiled.flatMap((bytes, index) =>
        tcpPackets(
          [
            { from: 'client', bytes: haproxyHello().toBytes() },
            { from: 'server', bytes },
          ],
          { port: 20_000 + index },
        ),
      );
      expect(await tshark(path ?? '', packets, ['-V'])).not.toMatch(/Lua Error/);
      const streams = await tshark(path ?? '', packets, ['-Y', 'spop.malformed', '-T', 'fields', '-e', 'tcp.stream']);
      const marked = new Set(streams.trim().split('\n').map(Number));
      const wrong = spoiled.flatMap((bytes, index) => (parseStream(bytes).error === undefined ? [] : [index]));
      expect(wrong.length).toBeGreaterThan(20);
      expect(
        wrong.filter((index) => !marked.has(index)).map((index) => parseStream(spoiled[index]!).error!.message),
      ).toEqual([]);
    });

    it('leaves other traffic alone', async () => {
      const packets = tcpPackets([
        { from: 'client', bytes: Buffer.from('GET / HTTP/1.1\r\nhost: x\r\n\r\n') },
        { from: 'server', bytes: new Uint8Array(300) },
      ]);
      expect(await tshark(path ?? '', packets, ['-Y', 'spop'])).toBe('');
    });
  });
}
