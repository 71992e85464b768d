import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { ack, agentHello, haproxyHello, notify, toHex } from '@spop/builder';
import { readCaptures } from '@spop-internal/testbed/captures';
import { pcapngOf, pcapOf, tcpPackets, type Said } from '@spop-internal/testbed/packets';
import { TemporaryFolder } from '@spop-internal/testbed/temporary-folder';
import { stopAfterTest } from '@spop-internal/testbed/vitest';
import { describe, expect, it } from 'vitest';
import { jsonLines, spop } from './run-spop.ts';

const fixture = (label: string): string => new URL(`../../../testbed/fixtures/${label}.bin`, import.meta.url).pathname;

describe('spop decode', () => {
  const bytes = notify().message('m', { a: 1 }).toBytes();

  it.each([
    ['binary', bytes],
    ['hexadecimal digits', toHex(bytes)],
  ])('reads %s from stdin', async (_, input) => {
    const shown = { code: 0, stdout: '       0  NOTIFY 1:1 "m" { a: INT64 1 }\n', stderr: '' };
    expect(await spop(['decode'], { input })).toEqual(shown);
    expect(await spop(['decode', '-'], { input })).toEqual(shown);
  });

  it.each([
    ['blocks', ''],
    // As a parent may have left it.
    ['does not block', `perl -MFcntl -e 'fcntl(STDIN, F_SETFL, O_NONBLOCK) or die; exec(@ARGV) or die'`],
  ])('waits for bytes that arrive late on a stdin that %s', async (_, launcher) => {
    const program = new URL('../../../builder/src/spop.ts', import.meta.url).pathname;
    const { stdout } = await promisify(execFile)('bash', [
      '-c',
      `(sleep 1; echo ${toHex(bytes)}) | ${launcher} "${process.execPath}" --disable-warning=ExperimentalWarning --conditions=@spop/source "${program}" decode`,
    ]);
    expect(stdout).toBe('       0  NOTIFY 1:1 "m" { a: INT64 1 }\n');
  });

  it('shows every byte with --explain', async () => {
    const { stdout } = await spop(['decode', '-e'], { input: bytes });
    expect(stdout).toMatch(/^ +0 {2}NOTIFY 1:1 .*\n +0 {2}00 00 00 0e +frame length: 14\n/);
    expect(stdout).toMatch(/argument value: INT64 1\n$/);
  });

  it('prints one line for a frame, with any bytes in its names', async () => {
    const input = notify().message('m', { 'a\n       9  ACK\t\u001b[1m': 1 }).toBytes();
    const { stdout } = await spop(['decode'], { input });
    expect(stdout).toBe(String.raw`       0  NOTIFY 1:1 "m" { a\n       9  ACK\t\x1b[1m: INT64 1 }` + '\n');
  });

  it('marks the first wrong byte, goes on after it, and exits with 1', async () => {
    const input = `0000000d 67 00000001 01 01 01 03 09 02 2d 2d ${toHex(ack().toBytes())}`;
    const { code, stdout } = await spop(['decode'], { input });
    expect(code).toBe(1);
    expect(stdout).toMatch(/^>> +13 {2}09 .*SPOP_BAD_ACTION: expected a scope of 0 \(proc\) to 4 \(res\); found 9$/m);
    expect(stdout).toMatch(/^ +17 {2}ACK 1:1 no actions$/m);
    expect(jsonLines(await spop(['decode', '--json'], { input }))).toEqual([
      {
        offset: 0,
        error: { code: 'SPOP_BAD_ACTION', offset: 13, message: 'expected a scope of 0 (proc) to 4 (res); found 9' },
        bytes: '0000000d6700000001010101030902' + '2d2d',
      },
      { offset: 17, frame: { type: 'ACK', flags: 1, streamId: 1, frameId: 1, actions: [] } },
    ]);
  });

  it('reads every capture of real HAProxy, and several files at once', async () => {
    const captures = readCaptures();
    const { code, stdout, stderr } = await spop(['decode', '--json', ...captures.map(({ label }) => fixture(label))]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const types = jsonLines({ code, stdout, stderr }).map((line) => (line as { frame: { type: string } }).frame.type);
    expect(types.length).toBe(captures.reduce((sum, { frames }) => sum + frames.length, 0));
    expect(types.filter((type) => type === 'HAPROXY-HELLO').length).toBe(captures.length);
  });

  it('joins fragments', async () => {
    const { stdout } = await spop(['decode', fixture('2.6.12/fragmented.c1')]);
    expect(stdout).toMatch(/^ +184 {2}NOTIFY-FRAGMENT 4:1 flags 0 968 bytes of payload$/m);
    expect(stdout).toMatch(
      /^ +3121 {2}all fragments: NOTIFY 4:1 "pre" .* "big" \{ len: INT64 3000, body: BINARY of 3000 bytes/m,
    );
  });

  it.each([
    ['pcap', pcapOf],
    ['pcapng', pcapngOf],
  ])('finds SPOP in a %s file, in the order of its packets', async (_, fileOf) => {
    const conversation: Said[] = [
      { from: 'client', bytes: haproxyHello().toBytes() },
      { from: 'server', bytes: agentHello().toBytes() },
      {
        from: 'client',
        bytes: notify()
          .message('m', { body: 'x'.repeat(5000) })
          .toBytes(),
      },
      { from: 'server', bytes: ack().setVar('txn', 'a', 1).toBytes() },
    ];
    const input = fileOf(tcpPackets(conversation));
    const { code, stdout, stderr } = await spop(['decode'], { input });
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const lines = stdout.trimEnd().split('\n');
    expect(lines[0]).toBe('connection #1: HAProxy at 127.0.0.1:40000, agent at 127.0.0.2:9000');
    expect(lines.slice(1).map((line) => line.replace(/^08:00:00\.\d{3} {2}#1 {2}/, '').slice(0, 30))).toEqual([
      'haproxy  HAPROXY-HELLO support',
      'agent    AGENT-HELLO version: ',
      'haproxy  NOTIFY 1:1 "m" { body',
      'agent    ACK 1:1 set-var txn.a',
    ]);
    expect(jsonLines(await spop(['decode', '--json'], { input }))).toMatchObject([
      { connection: 1, haproxy: '127.0.0.1:40000' },
      { connection: 1, from: 'haproxy', offset: 0, frame: { type: 'HAPROXY-HELLO' } },
      { from: 'agent', time: expect.any(Number) as unknown },
      { from: 'haproxy' },
      { from: 'agent', frame: { type: 'ACK' } },
    ]);
  });

  it('exits with 1 if a capture has no SPOP', async () => {
    const input = pcapOf(tcpPackets([{ from: 'client', bytes: Buffer.from('GET / HTTP/1.1') }]));
    const { code, stderr } = await spop(['decode'], { input });
    expect(code).toBe(1);
    expect(stderr).toBe('spop: no SPOP in 1 TCP connections of 7 packets\n  frames within TLS cannot be read\n');
  });

  it('ends without an error if its output is not read', async () => {
    const file = stopAfterTest(await TemporaryFolder.make()).file('many.bin');
    writeFileSync(file, Buffer.concat(Array.from({ length: 20_000 }, () => bytes)));
    const program = new URL('../../../builder/src/spop.ts', import.meta.url).pathname;
    const line = `"${process.execPath}" --disable-warning=ExperimentalWarning --conditions=@spop/source "${program}" decode "${file}" | head -1`;
    const { stdout, stderr } = await promisify(execFile)('bash', ['-o', 'pipefail', '-c', line]);
    expect({ stdout, stderr }).toEqual({ stdout: '       0  NOTIFY 1:1 "m" { a: INT64 1 }\n', stderr: '' });
  });

  it.each([
    [['decode', '/nowhere'], '', 'could not read the file "/nowhere"'],
    [['decode', '--format', 'hex'], 'what?', 'the input is not hexadecimal text'],
    [['decode', '--format', 'exe'], '', 'expected one of binary, hex, pcap, pcapng, session for --format'],
  ])('refuses %j with %j as a usage error', async (words, input, sentence) => {
    const outcome = await spop(words, { input });
    expect(outcome).toMatchObject({ code: 2, stdout: '' });
    expect(outcome.stderr).toContain(sentence);
  });
});
