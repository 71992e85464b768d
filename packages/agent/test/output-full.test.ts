import { describe, expect, it } from 'vitest';
import { setup, turn } from './output-bench.ts';

describe('Output', () => {
  it('writes a full buffer even while two writes wait: the next frame takes its place', async () => {
    const { socket, output, put } = setup();
    socket.isBusy = true;
    for (const text of ['one', 'two', 'c'.repeat(90), 'd'.repeat(50)]) {
      put(text);
      if (text.length < 50) output.flush();
    }
    expect(output.bytesWritten).toBe(6 + 90);
    output.flush(true);
    socket.isBusy = false;
    for (let i = 0; i < 4; i++) {
      socket.takeNext();
      await turn();
    }
    expect(socket.taken).toEqual(['one', 'two', 'c'.repeat(90), 'd'.repeat(50)]);
  });

  it('asks for a pause once a full buffer was written while the peer does not read', () => {
    const { socket, output, put } = setup();
    put('a'.repeat(90));
    put('b'.repeat(90));
    expect(output.mustPause).toBe(false);
    socket.isBusy = true;
    put('c'.repeat(socket.writableHighWaterMark));
    put('d');
    expect([output.isBlocked, output.mustPause]).toEqual([true, true]);
  });

  it('is not blocked once nothing waits, though the stream still asks for a drain', () => {
    const { socket, output } = setup();
    Object.defineProperty(socket, 'writableNeedDrain', { value: true });
    expect([output.isBlocked, output.isWaiting]).toEqual([false, false]);
  });
});
