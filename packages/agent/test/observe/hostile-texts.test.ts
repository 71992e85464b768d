import { connect as connectTcp } from 'node:net';
import { haproxyDisconnect, haproxyHello, notify } from '@spop/builder';
import { address, defineMessage, defineVariable, string } from '@spop/codec';
import { describe, expect, it } from 'vitest';
import { type Logger, textLogger } from '../../src/index.ts';
import { connectRaw, eventually, startAgent } from '../harness.ts';

const EVIL = '\u001b[2J\u009b31m\u202e\u2028\r\nconnection ended with status 0: normal\u007f';
const UNPRINTABLE = /[\p{Cc}\p{Bidi_Control}\p{Zl}\p{Zp}]/u;

const ask = defineMessage('ask', { header: string });
const client = defineVariable('sess', 'client', address);

/** A text logger, and one that keeps its arguments. */
function recorder(): { logger: Logger; lines: string[]; texts: string[] } {
  const lines: string[] = [];
  const texts: string[] = [];
  const logger = textLogger({ level: 'debug', write: (line) => void lines.push(line) });
  const both = (name: keyof Logger) => (details: object, message: string) => {
    const { err, ...rest } = details as { err?: Error };
    texts.push(message, err?.message ?? '', ...Object.values(rest).flat().map(String));
    logger[name](details, message);
  };
  return {
    lines,
    texts,
    logger: { debug: both('debug'), info: both('info'), warn: both('warn'), error: both('error') },
  };
}

describe('a text of a peer', () => {
  it('forges no line, moves no cursor and takes little room in every output', async () => {
    const { logger, lines, texts } = recorder();
    const { agent, target, reports } = await startAgent({
      logger,
      setup: (made) => made.onMessage(ask, ({ header }, ack) => void ack.set(client, header.toString())),
    });
    const long = EVIL.repeat(100);
    const peer = await connectRaw(target);
    peer.send(haproxyHello({ engineId: EVIL }));
    peer.send(notify({ streamId: 1 }).message('ask', { header: long }));
    peer.send(notify({ streamId: 2 }).message(EVIL, { [EVIL]: 'x' }));
    peer.send(haproxyDisconnect({ statusCode: 7, message: long }));
    const other = await connectRaw(target);
    other.send(haproxyHello({ supportedVersions: long, engineId: long }));
    expect(await eventually(() => reports.disconnect.length === 1 && reports.protocolError.length === 1)).toBe(true);
    expect(await eventually(() => agent.connectionCount <= 1)).toBe(true);

    expect(reports.disconnect[0]?.reason).toBe(`${escaped(long.slice(0, 128))}…`);
    expect(reports.handlerError[0]?.error).toMatchObject({ code: 'SPOP_INVALID_VALUE' });
    expect(reports.protocolError[0]?.error.message).not.toMatch(UNPRINTABLE);
    // The decoded text is as it was sent.
    expect(reports.connect[0]?.connection.engineId).toBe(EVIL);
    expect(reports.unhandledNotify[0]?.messages).toEqual([EVIL.slice(0, 64)]);

    expect(lines).toHaveLength(5);
    for (const line of [...lines, ...texts]) {
      expect(line).not.toMatch(UNPRINTABLE);
      expect(line.length).toBeLessThan(2_500);
    }
    expect(lines.filter((line) => line.startsWith('connection ended'))).toEqual([
      expect.stringMatching(/^connection ended with status 7: \\u001b\[2J/),
    ]);
  });
});

function escaped(evil: string): string {
  return evil.replaceAll(
    new RegExp(UNPRINTABLE, 'gu'),
    (each) => `\\u${each.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

describe('another protocol on the port', () => {
  it.each([
    ['PROXY TCP4 192.0.2.1 192.0.2.2 4711 9000\r\n', 'the PROXY protocol v1', "'send-proxy'"],
    ['\r\n\r\n\0\r\nQUIT\n\u0021\u0011\0\u000c', 'the PROXY protocol v2', "'send-proxy-v2'"],
    ['\u0016\u0003\u0001\u0002\0\u0001', 'TLS', "'ssl'"],
    ['OPTIONS / HTTP/1.0\r\n\r\n', 'HTTP (OPTIONS)', "'option httpchk'"],
    ['GET / HTTP/1.1\r\n\r\n', 'HTTP (GET)', "'option httpchk'"],
  ])('%j is named in the log', async (first, name, word) => {
    const { logger, lines } = recorder();
    const { target, reports } = await startAgent({ link: 'IPv4', logger });
    if (!('port' in target)) throw new Error('expected an address');
    const socket = connectTcp(target);
    socket.on('error', () => {});
    socket.end(Buffer.from(first, 'latin1'));
    expect(await eventually(() => reports.protocolError.length === 1)).toBe(true);
    const line = lines.find((each) => each.startsWith("connection closed for the peer's error: SPOP_FRAME_TOO_BIG"));
    expect(line).toContain(name);
    expect(line).toContain(word);
    socket.destroy();
  });
});
