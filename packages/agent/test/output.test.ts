import { duplexPair } from 'node:stream';
import { BufferPool } from '@spop/codec';
import { describe, expect, it } from 'vitest';
import { Output } from '../src/output.ts';
import { BUFFER_BYTES, type Setup, setup, turn } from './output-bench.ts';
import { SlowSocket } from './slow-socket.ts';

describe('Output', () => {
  it('collects frames and writes them at once, out of one pooled buffer', async () => {
    const { socket, pool, output, put } = setup();
    put('one');
    put('two');
    expect([socket.taken, pool.outCount]).toEqual([[], 1]);
    output.flush();
    await turn();
    expect([socket.taken, pool.outCount, output.bytesWritten]).toEqual([['onetwo'], 0, 6]);
    output.flush();
    expect(output.bytesWritten).toBe(6);
  });

  it('writes its frames if the next one may not fit after them', async () => {
    const { socket, output, put } = setup();
    put('a'.repeat(90));
    put('b', 10);
    put('c', 11);
    expect(socket.taken).toEqual([`${'a'.repeat(90)}b`]);
    output.flush();
    await turn();
    expect(socket.taken).toEqual([`${'a'.repeat(90)}b`, 'c']);
  });

  it('gives an empty buffer back without a write', () => {
    const { socket, pool, output } = setup();
    output.reserve(10);
    output.flush();
    expect([socket.taken, pool.outCount]).toEqual([[], 0]);
  });

  it('keeps a buffer until the kernel has taken it, and gives each back once, in any mixture of quick and slow writes', async () => {
    const { socket, pool, output, put } = setup();
    put('quick');
    output.flush();
    expect(pool.outCount).toBe(0);
    socket.isBusy = true;
    for (const text of ['first', 'second', 'third']) {
      put(text);
      output.flush();
    }
    put('fourth');
    output.flush();
    await turn();
    // Two writes wait, and the rest waits for them.
    expect([pool.outCount, socket.handedCount, output.bytesWritten]).toEqual([3, 1, 16]);
    output.flush(true);
    put('fifth');
    output.flush();
    await turn();
    expect([pool.outCount, output.bytesWritten]).toEqual([4, 27]);
    socket.takeNext();
    await turn();
    // The first write is not reported yet: the callback of the second one reports both.
    expect([pool.outCount, socket.taken]).toEqual([4, ['quick', 'first']]);
    socket.takeNext();
    await turn();
    // The third write waits, and after it the fifth, which was written as soon as there was room.
    expect([pool.outCount, output.bytesWritten]).toEqual([2, 32]);
    socket.isBusy = false;
    socket.takeNext();
    await turn();
    expect([pool.outCount, socket.taken]).toEqual([0, ['quick', 'first', 'second', 'thirdfourth', 'fifth']]);
    put('later');
    output.flush();
    await turn();
    expect([pool.outCount, pool.bufferCount]).toEqual([0, 4]);
  });

  it.each([false, true])(
    'lets two writes wait at most, and writes all later frames after them in one (one write for all that wait: %s)',
    async (isVectored) => {
      const { socket, pool, output, put } = setup(10, isVectored);
      socket.isBusy = true;
      for (let i = 0; i < 60; i++) {
        put(String.fromCodePoint(0x41 + i));
        output.flush();
        expect(pool.outCount).toBeLessThanOrEqual(3);
      }
      await turn();
      expect([pool.outCount, output.bytesWritten]).toEqual([3, 2]);
      socket.isBusy = false;
      socket.takeNext();
      await turn();
      const all = String.fromCodePoint(...Array.from({ length: 60 }, (_, i) => 0x41 + i));
      expect([pool.outCount, socket.taken]).toEqual([0, [all[0], all[1], all.slice(2)]]);
    },
  );

  it('writes the frames that wait for two writes even without another flush', async () => {
    const { socket, pool, output, put } = setup();
    socket.isBusy = true;
    for (const text of ['one', 'two', 'three']) {
      put(text);
      output.flush();
    }
    for (let i = 0; i < 3; i++) {
      socket.takeNext();
      await turn();
    }
    expect([socket.taken, socket.writableLength]).toEqual([['one', 'two', 'three'], 0]);
    // The third write had no write before it, and so no callback.
    expect(pool.outCount).toBe(1);
    output.reclaim();
    expect(pool.outCount).toBe(0);
  });

  it.each([
    ['the next flush', ({ output, put }: Setup): void => (put('next'), output.flush())],
    ['a tick of the clock', ({ output }: Setup): void => output.reclaim()],
    ['destroy', ({ output }: Setup): void => output.destroy()],
  ])('takes back, by %s, the buffer of a write that completed later without a callback', async (_, reclaim) => {
    const each = setup();
    const { socket, pool, output, put } = each;
    socket.isBusy = true;
    put('alone');
    output.flush();
    output.reclaim();
    expect(pool.outCount).toBe(1);
    socket.isBusy = false;
    socket.takeNext();
    await turn();
    expect([pool.outCount, socket.taken]).toEqual([1, ['alone']]);
    reclaim(each);
    expect(pool.outCount).toBe(0);
    reclaim(each);
    expect([pool.outCount, pool.bufferCount]).toEqual([0, each.output.bytesWritten > 5 ? 2 : 1]);
  });

  it('counts no callback of a write whose buffer was reclaimed for a later one', async () => {
    const { socket, pool, output, put } = setup();
    socket.isBusy = true;
    put('a');
    output.flush();
    put('b');
    output.flush();
    // The kernel takes both at once; the callback of the second is not yet called.
    socket.isBusy = false;
    socket.takeNext();
    socket.isBusy = true;
    put('c');
    output.flush();
    put('d');
    await turn();
    expect([socket.taken, socket.writableLength]).toEqual([['a', 'b'], 2]);
    expect(pool.outCount).toBe(2);
    put('e');
    expect(pool.outCount).toBe(3);
    socket.isBusy = false;
    socket.takeNext();
    await turn();
    output.flush();
    expect([pool.outCount, socket.taken]).toEqual([0, ['a', 'b', 'c', 'd', 'e']]);
  });

  it('never overwrites bytes that the kernel has not taken yet', async () => {
    const { socket, output, put } = setup();
    socket.isBusy = true;
    put('aaaa');
    output.flush();
    put('bbbb');
    output.flush(true);
    put('cccc');
    socket.isBusy = false;
    socket.takeNext();
    await turn();
    expect(socket.taken).toEqual(['aaaa', 'bbbb', 'cccc']);
  });

  it.each(['destroyed', 'failing'])(
    'gives all buffers back once if the socket is %s with writes pending',
    async (how) => {
      const { socket, pool, output, put } = setup();
      socket.isBusy = true;
      put('first');
      output.flush();
      put('second');
      output.flush();
      put('not flushed');
      if (how === 'destroyed') socket.destroy();
      else socket.takeNext(new Error('reset'));
      await turn();
      output.destroy();
      expect(pool.outCount).toBe(0);
      socket.takeNext();
      await turn();
      expect(pool.outCount).toBe(0);
    },
  );

  it('writes nothing to a socket that is destroyed or ended', async () => {
    const { socket, pool, output, put } = setup();
    socket.end();
    put('late');
    output.flush();
    socket.destroy();
    put('later');
    output.flush();
    await turn();
    expect([socket.taken, pool.outCount, output.bytesWritten]).toEqual([[], 0, 0]);
  });

  it('goes on with its own memory if the pool has no buffer left, or a frame is larger than a buffer', async () => {
    const { socket, pool, output, put } = setup(1);
    socket.isBusy = true;
    put('first');
    output.flush();
    put('second');
    output.flush();
    put('x'.repeat(BUFFER_BYTES + 1));
    output.flush(true);
    expect([pool.outCount, pool.bufferCount]).toEqual([1, 1]);
    socket.isBusy = false;
    socket.takeNext();
    await turn();
    expect(socket.taken).toEqual(['first', 'second', 'x'.repeat(BUFFER_BYTES + 1)]);
    expect([pool.outCount, pool.bufferCount]).toEqual([0, 1]);
  });

  it('is blocked from the high-water mark on, and not by a write that just waits for its turn', async () => {
    const { socket, output, put } = setup();
    socket.isBusy = true;
    put('little');
    output.flush();
    expect(output.isBlocked).toBe(false);
    put('x'.repeat(socket.writableHighWaterMark));
    output.flush(true);
    expect(output.isBlocked).toBe(true);
    socket.isBusy = false;
    socket.takeNext();
    await turn();
    expect(output.isBlocked).toBe(false);
  });

  it('is not blocked by a write above the high-water mark that the kernel took at once', () => {
    const { socket, output, put } = setup();
    put('x'.repeat(socket.writableHighWaterMark + 1));
    output.flush();
    expect(output.isBlocked).toBe(false);
  });

  it('reports when a stream that was blocked has drained', async () => {
    const socket = new SlowSocket();
    let drained = 0;
    const output = new Output(socket, new BufferPool({ bufferSize: BUFFER_BYTES, maxBuffers: 1 }), () => drained++);
    socket.isBusy = true;
    output.reserve(socket.writableHighWaterMark);
    output.commit(socket.writableHighWaterMark);
    output.flush();
    await turn();
    expect(drained).toBe(0);
    socket.takeNext();
    await turn();
    expect(drained).toBe(1);
  });

  it('changes its progress with each write that the peer takes, and with each byte if the socket reports it', async () => {
    const { socket, output, put } = setup();
    socket.isBusy = true;
    const seen: number[] = [];
    const look = (): void => void seen.push(output.progress);
    const write = (text: string): void => {
      put(text);
      output.flush();
    };
    expect(output.isWaiting).toBe(false);
    write('first');
    look();
    write('second');
    look();
    expect([output.isWaiting, new Set(seen).size]).toEqual([true, 1]);
    Reflect.set(socket, '_handle', { writeQueueSize: 3 });
    look();
    Reflect.set(socket, '_handle', { writeQueueSize: 2 });
    look();
    Reflect.set(socket, '_handle', null);
    socket.takeNext();
    await turn();
    look();
    expect(new Set(seen).size).toBe(4);
    socket.takeNext();
    await turn();
    expect(output.isWaiting).toBe(false);
  });

  it('gives a copy to a stream that is no socket, whose reader may keep it', async () => {
    const [ours, theirs] = duplexPair();
    const pool = new BufferPool({ bufferSize: BUFFER_BYTES, maxBuffers: 1 });
    const output = new Output(ours, pool, () => {});
    const kept: Buffer[] = [];
    theirs.on('data', (chunk: Buffer) => kept.push(chunk));
    for (const text of ['aaaa', 'bbbb']) {
      output.reserve(4).write(text, output.length);
      output.commit(output.length + 4);
      output.flush();
      expect(pool.outCount).toBe(0);
      await turn();
    }
    expect(kept.map(String)).toEqual(['aaaa', 'bbbb']);
  });
});
