import { describe, expect, it } from 'vitest';
import {
  data,
  fragment,
  haproxy,
  haproxyDisconnect,
  notify,
  parse,
  parseFrame,
  toHex,
  type HaproxyLine,
  type NotifyFrame,
} from '../../src/index.ts';
import { readCaptures, type Capture } from '@spop-internal/testbed/captures';

const captures = readCaptures();
const releases: readonly [release: string, line: HaproxyLine][] = [
  ['2.6.12', '2.6'],
  ['3.1.0', '3.1'],
  ['3.2.26', '3.2'],
  ['3.4.0', '3.2'],
];

function capture(label: string): Capture {
  const found = captures.find((candidate) => candidate.label === label);
  if (found === undefined) throw new Error(`expected a capture ${label}`);
  return found;
}

/** The first frame of a capture, its engine-id, and its NOTIFYs. */
function read(label: string): { hello: string; engineId: string; notifies: NotifyFrame[] } {
  const { bytes, frames } = capture(label);
  const [first] = parse(bytes);
  const items = first !== undefined && 'items' in first ? first.items : [];
  const engineId = items.find((item) => item.name === 'engine-id')?.value;
  return {
    hello: toHex(bytes.slice(0, (frames[0]?.length ?? 0) + 4)),
    engineId: engineId?.type === 'string' ? engineId.value : '',
    notifies: parse(bytes).filter((frame) => frame.type === 'NOTIFY'),
  };
}

describe.each(releases)('the preset of HAProxy %s', (release, line) => {
  it('sends the HELLO of a real one, byte for byte', () => {
    const { hello, engineId } = read(`${release}/many`);
    expect(toHex(haproxy(line, { engineId }).hello().toBytes())).toBe(hello);
  });

  it('sends the HELLO of a real one without pipelining, byte for byte', () => {
    const { hello, engineId } = read(`${release}/no-pipelining`);
    const options = { engineId, pipelining: false, async: false };
    expect(toHex(haproxy(line, options).hello().toBytes())).toBe(hello);
  });

  it('sends the health check of a real one, byte for byte, for any configuration', () => {
    const preset = haproxy(line, { maxFrameSize: 4096, pipelining: false });
    expect(toHex(preset.healthcheck().toBytes())).toBe(toHex(capture(`${release}/healthcheck`).bytes));
  });

  it('counts ids like a real one', () => {
    const { notifies } = read(`${release}/many`);
    const first = notifies[0]?.streamId ?? 0n;
    const preset = haproxy(line, { firstStreamId: first });
    // The requests of 2.6 that the capture's agent did not see took stream-ids too.
    const step = line === '2.6' ? 1n : 2n;
    const ids = [1, 2, 3].map(() => preset.notify().toFrame());
    expect(ids.map(({ streamId }) => streamId)).toEqual([first, first + step, first + 2n * step]);
    expect(ids.map(({ frameId }) => frameId)).toEqual(notifies.slice(0, 3).map(({ frameId }) => frameId));
  });
});

describe('ids', () => {
  it('begin with stream-id 0 in 3.0, and stay in the stream on request', () => {
    const preset = haproxy('3.0');
    const ids = [preset.notify(), preset.notify({ sameStream: true }), preset.notify()].map((built) => {
      const { streamId, frameId } = built.toFrame();
      return `${streamId}:${frameId}`;
    });
    expect(ids).toEqual(['0:1', '0:2', '1:1']);
  });

  it('begin again on every connection of 3.2, and go on in the process of 3.0', () => {
    const mux = haproxy('3.2');
    mux.notify();
    expect(mux.connection().notify().toFrame().streamId).toBe(1n);
    const applet = haproxy('3.0');
    applet.notify();
    expect(applet.connection().notify().toFrame().streamId).toBe(1n);
  });

  it('are the given ones', () => {
    expect(
      haproxy()
        .notify({ streamId: 2n ** 64n - 1n, frameId: 7 })
        .toFrame(),
    ).toMatchObject({
      streamId: 2n ** 64n - 1n,
      frameId: 7n,
    });
  });
});

describe('fragments', () => {
  it('are those of a real HAProxy 2.6', () => {
    const { bytes, frames } = capture('2.6.12/frag-abort');
    const parts = parse(bytes).slice(2, 7);
    const payload = parts.flatMap((part) => ('payload' in part ? [part.payload] : []));
    const whole = notify({ streamId: 4, frameId: 1 }).raw(Buffer.concat(payload));
    // The agent of this capture agreed to 3500 bytes.
    const cut = haproxy('2.6').fragments(whole, 3500);
    expect(cut.map((part) => part.toFrame())).toEqual(parts);
    expect(cut.map((part) => part.toBytes().length - 4)).toEqual(frames.slice(2, 7).map(({ length }) => length));
  });

  it('end with FIN and ABORT and no payload if a NOTIFY is aborted', () => {
    const { bytes, frames } = capture('2.6.12/frag-abort');
    const { offset = 0, length = 0 } = frames[10] ?? {};
    const abort = haproxy('2.6').abort(notify({ streamId: 9, frameId: 1 }));
    expect(toHex(abort.toBytes())).toBe(toHex(bytes.slice(offset, offset + 4 + length)));
  });

  it('are one whole frame if all of it fits', () => {
    const small = notify().message('m');
    expect(haproxy('3.2').fragments(small, 256)).toEqual([small]);
  });

  it('are refused by later lines', () => {
    const big = notify().message('m', { a: data.binary(new Uint8Array(300)) });
    expect(() => haproxy('3.2').fragments(big, 256)).toThrow(/SPOP_MISUSE: .*found '3\.2', which never fragments/);
  });

  it.each([
    [1, 11],
    [5, 3],
    [11, 2],
    [1000, 2],
  ])('of %i bytes are %i frames', (size, count) => {
    const whole = notify().message('m', { a: 'text' });
    expect(whole.toPayload()).toHaveLength(11);
    const flags = fragment(whole, size).map((part) => parseFrame(part).flags);
    expect(flags).toEqual([...Array.from({ length: count - 1 }, () => 0), 1]);
  });
});

describe('DISCONNECT', () => {
  it('has the bytes of a real HAProxy 2.6', () => {
    const { bytes, frames } = capture('2.6.12/idle-disconnect');
    expect(toHex(haproxyDisconnect({ statusCode: 2 }).toBytes())).toBe(toHex(bytes.slice(frames.at(-1)?.offset)));
  });
});
