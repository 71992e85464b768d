import { describe, expect, it } from 'vitest';
import { ack, agentHello, explain, fromHex, notify, unset } from '../../src/index.ts';

describe('explain', () => {
  it('gives one line for each field', () => {
    const bytes = notify({ streamId: 240n }).message('check', { ip: '10.0.0.1', n: -1 });
    expect(explain(bytes).split('\n')).toEqual([
      'frame 1 at byte 0',
      '       0  00 00 00 29                            frame length: 41',
      '       4  03                                     frame type: 3 NOTIFY',
      '       5  00 00 00 01                            flags: 1 FIN',
      '       9  f0 00                                  stream-id: 240',
      '      11  01                                     frame-id: 1',
      '      12  05 63 68 65 63 6b                        message name: "check"',
      '      18  02                                       NB-ARGS: 2',
      '      19  02 69 70                                   argument name: "ip"',
      '      22  08 08 31 30 2e 30 2e 30 2e 31              argument value: STRING "10.0.0.1"',
      '      32  01 6e                                      argument name: "n"',
      '      34  04 ff f0 fe fe fe fe fe fe fe 0e           argument value: INT64 -1',
    ]);
  });

  it('marks the first wrong byte, and shows the bytes that were not read', () => {
    expect(explain(fromHex('0000000f 67 00000001 01 01 01 03 09 01 78 04 05 06')).split('\n').slice(-4)).toEqual([
      '      11  01                                       action type: 1 set-var',
      '      12  03                                       NB-ARGS: 3',
      '>>    13  09                                         variable scope: 9 unknown  SPOP_BAD_ACTION: expected a scope of 0 (proc) to 4 (res); found 9',
      '      14  01 78 04 05 06                         (not read)',
    ]);
  });

  it('shows the beginning of a wrong value', () => {
    const lines = explain(notify().raw('01 6d 01 01 61 08 05 61 62')).split('\n');
    expect(lines.slice(-2)).toEqual([
      '      16  08                                     (begun)',
      '>>    17  05 61 62                               SPOP_TRUNCATED: expected 5 bytes for the argument value; found 2 left in the frame',
    ]);
  });

  it('goes on with the next frame after a wrong payload', () => {
    const text = explain(Buffer.concat([ack().raw('09').toBytes(), ack().toBytes()]));
    expect(text).toContain('>>    11  09');
    expect(text).toContain('frame 2 at byte 12\n');
  });

  it('says how many bytes are missing', () => {
    expect(explain(agentHello().toBytes().slice(0, 20))).toMatch(
      /^frame 1 at byte 0, incomplete: \d+ bytes are missing\n/,
    );
    expect(explain(fromHex('0000'))).toMatch(/^frame 1 at byte 0, incomplete: 2 bytes are missing\n/);
    expect(explain(new Uint8Array(0))).toBe('(no bytes)');
  });

  it('shows the bytes of a fragment, and no line for an empty one', () => {
    expect(explain(unset({}, '00 01')).split('\n').slice(5)).toEqual([
      '      10  01                                     frame-id: 1',
      '      11  00 01                                  fragment of the payload: 2 bytes',
    ]);
    expect(explain(unset()).split('\n').slice(5)).toEqual([
      '      10  01                                     frame-id: 1',
    ]);
  });

  it('reads the payload 00 of an ACK as no action', () => {
    expect(explain(ack().raw('00')).split('\n').slice(6)).toEqual([
      '      11  00                                     no action: one byte 00 in place of an empty payload',
    ]);
  });

  it('shows 12 bytes of a field, and no more', () => {
    const lastLine = (length: number): string | undefined =>
      explain(unset({}, new Uint8Array(length)))
        .split('\n')
        .at(-1);
    const zeros = '00 00 00 00 00 00 00 00 00 00 00 00';
    expect(lastLine(12)).toBe(`      11  ${zeros}    fragment of the payload: 12 bytes`);
    expect(lastLine(13)).toBe(`      11  ${zeros} …  fragment of the payload: 13 bytes`);
  });

  it('marks a length that no receiver accepts', () => {
    expect(explain(fromHex('00000003 010203'))).toContain('>>     0  00 00 00 03');
    expect(explain(fromHex('ffffffff 03'))).toContain('SPOP_FRAME_TOO_BIG: expected a frame of at most 16380 bytes');
  });

  it('shows bytes that are no text as escapes, and cuts long values', () => {
    expect(explain(ack().setVar('txn', 'x', Uint8Array.of(0xff)))).toContain('BINARY of 1 byte');
    expect(explain(ack().setVar('txn', Uint8Array.of(0x61, 0xff), 'y'.repeat(100)))).toMatch(
      /variable name: "a\\xff"\n.*STRING "y{60}"… \(100 characters\)/,
    );
  });
});
