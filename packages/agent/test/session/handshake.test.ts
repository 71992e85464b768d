import type { HaproxyHello } from '@spop/codec';
import { describe, expect, it } from 'vitest';
import { negotiate } from '../../src/session/handshake.ts';

const OPTIONS = { maxFrameSize: 1_048_576, pipelining: true };
/** tune.bufsize, in bytes, and the max-frame-size that HAProxy announces with it. */
const BUFSIZE = 16_384;

function hello(changes: Partial<HaproxyHello> = {}): HaproxyHello {
  return {
    supportedVersions: '2.0',
    maxFrameSize: BUFSIZE - 4,
    capabilities: ['pipelining'],
    healthcheck: false,
    engineId: 'engine',
    ...changes,
  };
}

describe('negotiate › versions', () => {
  it.each(['2.0', ' 2.0 ', '1.0, 2.0', '2.0,3.0', '1.0,2.0,3.1', '2.1', '2.12', '9.9,\t2.0'])(
    'answers 2.0 to supported-versions "%s"',
    (supportedVersions) => {
      expect(negotiate(hello({ supportedVersions }), OPTIONS).hello.version).toBe('2.0');
    },
  );

  it.each(['', '1.0', '3.0', '2', '2.', '.0', '20', '22.0', '2.0.1', 'v2.0', '2.x', '1.2.0', '2 .0'])(
    'refuses supported-versions "%s" with status 8',
    (supportedVersions) => {
      expect(() => negotiate(hello({ supportedVersions }), OPTIONS)).toThrow(
        expect.objectContaining({ code: 'SPOP_UNSUPPORTED_VERSION', status: 8 }),
      );
    },
  );
});

describe('negotiate › max-frame-size', () => {
  it.each([
    ['HAProxy offers less', 16_380, 1_048_576, 16_380, 16_380],
    ['both offer the same', 16_380, 16_380, 16_380, 16_380],
    ['the agent offers less: 3.1.0 ignores that, so its own size is still accepted', 16_380, 1_000, 1_000, 16_380],
    ['HAProxy offers the least there is', 256, 1_048_576, 256, 256],
    ['the agent offers the least there is', 16_380, 256, 256, 16_380],
    ['HAProxy offers 4 GiB: no more than 1 MiB is accepted', 0xffff_ffff, 256, 256, 1_048_576],
    ['both offer a lot', 0xffff_ffff, 0xffff_ffff, 0xffff_ffff, 0xffff_ffff],
  ])('%s', (_, theirs, ours, agreed, accepted) => {
    const agreement = negotiate(hello({ maxFrameSize: theirs }), { ...OPTIONS, maxFrameSize: ours });
    expect(agreement.hello.maxFrameSize).toBe(agreed);
    expect(agreement.maxFrameSizeIn).toBe(accepted);
  });
});

describe('negotiate › capabilities', () => {
  it.each([
    [['pipelining'], true, ['pipelining', 'fragmentation']],
    [['pipelining', 'async'], true, ['pipelining', 'fragmentation']],
    [['async'], true, ['fragmentation']],
    [[], true, ['fragmentation']],
    [['pipelining'], false, ['fragmentation']],
    [['PIPELINING', 'pipelining2', 'foo'], true, ['fragmentation']],
  ])('answers %j, with pipelining %s here, by %j and never by async', (theirs, ours, agreed) => {
    const agreement = negotiate(hello({ capabilities: theirs }), { ...OPTIONS, pipelining: ours });
    expect(agreement.hello.capabilities).toEqual(agreed);
    expect(agreement.pipelining).toBe(agreed.includes('pipelining'));
  });
});

describe('negotiate › ACK budget', () => {
  /** HAProxy 3.1 and later stops a connection for good if it can read this many bytes at once: its whole buffer. */
  const twentyAcksAndDisconnect = (ack: number): number => 20 * ack + 41;

  it.each([4_096, BUFSIZE, 32_768, 65_536, 1_048_576])(
    'keeps 20 ACKs and an AGENT-DISCONNECT below a tune.bufsize of %i with pipelining',
    (bufsize) => {
      const { maxAckBytes } = negotiate(hello({ maxFrameSize: bufsize - 4 }), OPTIONS);
      expect(twentyAcksAndDisconnect(maxAckBytes)).toBeLessThan(bufsize);
      expect(maxAckBytes).toBeGreaterThan(bufsize / 20 - 10);
    },
  );

  it('is 816 bytes for HAProxy 3.1 and later by default, with pipelining', () => {
    expect(negotiate(hello(), OPTIONS).maxAckBytes).toBe(816);
  });

  it('is one byte less than tune.bufsize without pipelining: a length field of 16379 at most', () => {
    expect(negotiate(hello({ capabilities: [] }), OPTIONS).maxAckBytes).toBe(BUFSIZE - 1);
    expect(negotiate(hello(), { ...OPTIONS, pipelining: false }).maxAckBytes).toBe(BUFSIZE - 1);
  });

  it.each([['pipelining', 'async'], ['async']])(
    'is the whole max-frame-size for HAProxy 3.0 and older, which announces %s',
    (...capabilities) => {
      expect(negotiate(hello({ capabilities }), OPTIONS).maxAckBytes).toBe(BUFSIZE);
    },
  );

  it('is never below 128 bytes, nor above the smallest frame of 256 and its length field', () => {
    expect(negotiate(hello({ maxFrameSize: 256 }), OPTIONS).maxAckBytes).toBe(128);
    expect(negotiate(hello({ maxFrameSize: 256, capabilities: [] }), OPTIONS).maxAckBytes).toBe(259);
    expect(negotiate(hello({ maxFrameSize: 256, capabilities: ['async'] }), OPTIONS).maxAckBytes).toBe(260);
  });

  it("is limited by the agent's own max-frame-size if that is smaller", () => {
    const small = { ...OPTIONS, maxFrameSize: 300 };
    expect(negotiate(hello(), small).maxAckBytes).toBe(304);
    expect(negotiate(hello({ capabilities: ['async'] }), small).maxAckBytes).toBe(304);
  });
});
