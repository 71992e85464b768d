import { describe, expect, it } from 'vitest';
import {
  BufferPool,
  defineMessage,
  defineNetwork,
  FrameReader,
  KvListReader,
  MessageSet,
  SpopError,
} from '../src/index.ts';
import { fault, frameBytes, hex, onlyFrame, thrown, valueOf } from './bytes.ts';

describe('an error', () => {
  it('names its offset, the first byte too', () => {
    expect(new SpopError('SPOP_TRUNCATED', 'why', 0).message).toBe('SPOP_TRUNCATED: why (at byte 0 of the frame)');
    expect(new SpopError('SPOP_TRUNCATED', 'why').message).toBe('SPOP_TRUNCATED: why');
  });

  it('of a pool tells a buffer of another from one that is back', () => {
    const pool = new BufferPool({ bufferSize: 10, maxBuffers: 1 });
    const own = pool.acquire()!;
    pool.release(own);
    expect(thrown(() => pool.release(own)).reason).toBe(
      'expected a buffer that is out; found one that was released already',
    );
    expect(thrown(() => pool.release(Buffer.alloc(10))).reason).toBe('expected a buffer of this pool; found another');
  });

  it('of a set quotes the name that comes twice', () => {
    const definitions = ['a', 'b', 'a'].map((name) => defineMessage(name, {}));
    expect(thrown(() => new MessageSet(definitions)).reason).toBe('expected each name once; found "a" twice');
  });

  it('of a length that is no frame’s says what may be behind it', () => {
    const reader = new FrameReader();
    reader.push(hex('00ffffff'));
    expect(thrown(() => reader.next()).reason).toBe(
      'expected a frame of at most 16380 bytes, the max-frame-size; found a length of 16777215. Not SPOP, or a peer that ' +
        'ignores the negotiated size',
    );
    const http = new FrameReader();
    http.push(Buffer.from('GET / HTTP/1.1'));
    expect(thrown(() => http.next()).reason).toContain(
      'found a length of 1195725856, which is how another protocol begins',
    );
  });

  it('of an item leaves no value of the one before', () => {
    const list = new KvListReader();
    list.read(onlyFrame(frameBytes(2, hex('0161 080131 0162 08ff'))));
    expect(list.next()).toBe(true);
    const { value } = list;
    expect([list.name.toString(), value.toString()]).toEqual(['a', '1']);
    expect(fault(() => list.next())[0]).toMatch(/^SPOP_(?:TRUNCATED|VARINT_OVERFLOW)$/);
    expect(fault(() => value.toString())[0]).toBe('SPOP_VIEW_CLOSED');
  });
});

describe('a declaration', () => {
  it.each([{ kind: 'string' }, { optional: false }, { kind: 5, optional: false }, {}, null, 5])('is not %o', (type) => {
    expect(() => Reflect.apply(defineMessage, undefined, ['check', { path: type }]) as unknown).toThrow(TypeError);
  });

  it.each([{}, { prefixLength: 8 }, null, undefined, '192.0.2.0/24', 5])('of a network is not %o', (network) => {
    const ip = valueOf('06c0000201');
    expect(thrown(() => Reflect.apply(ip.isWithin, ip, [network]) as unknown).reason).toBe(
      'expected a network that defineNetwork made; found another value',
    );
    expect(ip.isWithin(defineNetwork('192.0.2.0/24'))).toBe(true);
  });
});
