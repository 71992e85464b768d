import { describe, expect, it } from 'vitest';
import { FrameReader } from '../../src/index.ts';
import { otherProtocol } from '../../src/frames/other-protocols.ts';
import { hex, thrown } from '../bytes.ts';

/** The first bytes of HAProxy with each of these words in its configuration, and their value as a length. */
const PEERS: readonly (readonly [word: string, name: string, bytes: Buffer, length: number])[] = [
  ["'send-proxy'", 'PROXY protocol v1', Buffer.from('PROXY TCP4 192.0.2.1 192.0.2.2 4711 9000\r\n'), 1_347_571_544],
  ["'send-proxy-v2'", 'PROXY protocol v2', hex('0d0a0d0a 000d0a51 5549540a 21 11 000c'), 218_762_506],
  ["'ssl'", 'TLS', hex('16030000'), 369_295_360],
  ["'ssl'", 'TLS', hex('16030100'), 369_295_616],
  ["'ssl'", 'TLS', hex('16030105'), 369_295_621],
  ["'ssl'", 'TLS', hex('160303ff'), 369_296_383],
  ["'option httpchk'", 'HTTP (OPTIONS)', Buffer.from('OPTIONS / HTTP/1.0\r\n\r\n'), 1_330_664_521],
  ["'option httpchk'", 'HTTP (GET)', Buffer.from('GET / HTTP/1.1\r\n\r\n'), 1_195_725_856],
  ["'option httpchk'", 'HTTP (HEAD)', Buffer.from('HEAD / HTTP/1.1\r\n\r\n'), 1_212_498_244],
  ["'option httpchk'", 'HTTP (POST)', Buffer.from('POST / HTTP/1.1\r\n\r\n'), 1_347_375_956],
  ["'option httpchk'", 'HTTP (PUT)', Buffer.from('PUT / HTTP/1.1\r\n\r\n'), 1_347_769_376],
  ["'option httpchk'", 'HTTP (DELETE)', Buffer.from('DELETE / HTTP/1.1\r\n\r\n'), 1_145_392_197],
  ["'option httpchk'", 'HTTP (PATCH)', Buffer.from('PATCH / HTTP/1.1\r\n\r\n'), 1_346_458_691],
  ["'option httpchk'", 'HTTP (CONNECT)', Buffer.from('CONNECT / HTTP/1.1\r\n\r\n'), 1_129_270_862],
  ["'option httpchk'", 'HTTP (TRACE)', Buffer.from('TRACE / HTTP/1.1\r\n\r\n'), 1_414_676_803],
  ["'proto h2'", 'HTTP/2', Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'), 1_347_569_952],
];

describe('a peer that speaks another protocol', () => {
  it.each(PEERS)('because of %s is named: %s', (word, name, bytes, length) => {
    for (let at = 0; at <= bytes.length; at++) {
      const reader = new FrameReader();
      reader.push(bytes.subarray(0, at));
      if (at < 4) expect(reader.next()).toBeUndefined();
      if (at < 4) reader.push(bytes.subarray(at));
      const { code, reason } = thrown(() => reader.next());
      expect(code).toBe('SPOP_FRAME_TOO_BIG');
      expect(reason).toContain(`found a length of ${length}, which is how another protocol begins: `);
      expect(reason).toContain(name);
      expect(reason).toContain(word);
    }
  });

  it.each([0, 7, 16_381, 0x1_0000, 0x1602_0100, 0x1604_0100, 0x1703_0100, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff])(
    'is not recognised in a length of %i',
    (length) => {
      expect(otherProtocol(length)).toBeUndefined();
    },
  );
});
