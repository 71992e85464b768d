import { Socket } from 'node:net';
import { duplexPair, Writable } from 'node:stream';
import { BufferPool } from '@spop/codec';
import { describe, expect, it } from 'vitest';
import { Output } from '../src/output.ts';

const BUFFER_BYTES = 100;

/** A socket that takes what is written when the test says so, or at once. */
class FakeSocket extends Socket {
  /** What was written, with what to call once the kernel has taken it. */
  readonly waiting: { readonly bytes: string; readonly done: (error?: Error | null) => void }[] = [];
  readonly taken: string[] = [];
  isBusy = false;

  constructor() {
    super();
    const write: Writable['_write'] = (chunk: Buffer, _, done) => {
      if (this.isBusy) this.waiting.push({ bytes: chunk.toString('latin1'), done });
      else {
        this.taken.push(chunk.toString('latin1'));
        done();
      }
    };
    this._write = write;
    // One by one, so that each write ends on its own.
    Reflect.set(this, '_writev', undefined);
  }

  takeNext(error: Error | null = null): void {
    const next = this.waiting.shift();
    if (error === null && next !== undefined) this.taken.push(next.bytes);
    next?.done(error);
  }
}

interface Setup {
  readonly socket: FakeSocket;
  readonly pool: BufferPool;
  readonly output: Output;
  readonly put: (text: string, reserve?: number) => void;
}

function setup(maxBuffers: number = 10): Setup {
  const socket = new FakeSocket();
  socket.on('error', () => {});
  const pool = new BufferPool({ bufferSize: BUFFER_BYTES, maxBuffers });
  const output = new Output(socket, pool, () => {});
  const put = (text: string, reserve = text.length): void => {
    output.reserve(reserve).write(text, output.length, 'latin1');
    output.length += text.length;
  };
  return { socket, pool, output, put };
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

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

  it('writes what it has where the next frame may not fit behind it', async () => {
    const { socket, output, put } = setup();
    put('a'.repeat(90));
    put('b', 10);
    put('c', 11);
    expect(socket.taken).toEqual([`${'a'.repeat(90)}b`]);
    output.flush();
    await turn();
    expect(socket.taken).toEqual([`${'a'.repeat(90)}b`, 'c']);
  });

  it('gives a buffer back without a write where nothing was put into it', () => {
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
    await turn();
    put('fourth');
    output.flush(true);
    put('fifth');
    await turn();
    expect([pool.outCount, socket.waiting.length]).toEqual([3, 1]);
    socket.takeNext();
    await turn();
    expect(pool.outCount).toBe(2);
    socket.isBusy = false;
    socket.takeNext();
    await turn();
    expect([pool.outCount, socket.taken]).toEqual([0, ['quick', 'first', 'secondthirdfourth', 'fifth']]);
    put('later');
    output.flush();
    await turn();
    expect([pool.outCount, pool.bufferCount]).toEqual([0, 3]);
  });

  it('takes one more buffer for all that comes while the kernel holds a write back', async () => {
    const { socket, pool, output, put } = setup();
    socket.isBusy = true;
    for (let i = 0; i < 60; i++) {
      put('x');
      output.flush();
    }
    await turn();
    expect(pool.outCount).toBe(2);
    socket.isBusy = false;
    socket.takeNext();
    await turn();
    expect([pool.outCount, socket.taken]).toEqual([0, ['x', 'x'.repeat(59)]]);
  });

  it('never lets the next frames change what the kernel has not taken yet', async () => {
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
    'gives all buffers back once where the socket is %s with writes pending',
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

  it('goes on with memory of its own where the pool has none left, or a frame is larger than its buffers', async () => {
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

  it('is blocked from the high-water mark on, and not by what just waits for its turn', async () => {
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

  it('tells when a stream that was blocked has drained', async () => {
    const socket = new FakeSocket();
    let drained = 0;
    const output = new Output(socket, new BufferPool({ bufferSize: BUFFER_BYTES, maxBuffers: 1 }), () => drained++);
    socket.isBusy = true;
    output.reserve(socket.writableHighWaterMark);
    output.length = socket.writableHighWaterMark;
    output.flush();
    await turn();
    expect(drained).toBe(0);
    socket.takeNext();
    await turn();
    expect(drained).toBe(1);
  });

  it('gives a copy to a stream that is no socket, whose reader may keep it', async () => {
    const [ours, theirs] = duplexPair();
    const pool = new BufferPool({ bufferSize: BUFFER_BYTES, maxBuffers: 1 });
    const output = new Output(ours, pool, () => {});
    const kept: Buffer[] = [];
    theirs.on('data', (chunk: Buffer) => kept.push(chunk));
    for (const text of ['aaaa', 'bbbb']) {
      output.reserve(4).write(text, output.length);
      output.length += 4;
      output.flush();
      expect(pool.outCount).toBe(0);
      // oxlint-disable-next-line no-await-in-loop
      await turn();
    }
    expect(kept.map(String)).toEqual(['aaaa', 'bbbb']);
  });
});
