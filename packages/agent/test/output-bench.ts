/** An output to a slow socket, with a pool of small buffers. */
import { BufferPool } from '@spop/codec';
import { Output } from '../src/output.ts';
import { SlowSocket } from './slow-socket.ts';

export const BUFFER_BYTES = 100;

export interface Setup {
  readonly socket: SlowSocket;
  readonly pool: BufferPool;
  readonly output: Output;
  readonly put: (text: string, reserve?: number) => void;
}

export function setup(maxBuffers: number = 10, isVectored: boolean = false): Setup {
  const socket = new SlowSocket(isVectored);
  const pool = new BufferPool({ bufferSize: BUFFER_BYTES, maxBuffers });
  const output = new Output(socket, pool, () => {});
  const put = (text: string, reserve = text.length): void => {
    output.reserve(reserve).write(text, output.length, 'latin1');
    output.commit(output.length + text.length);
  };
  return { socket, pool, output, put };
}

export const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
