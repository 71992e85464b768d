import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { hello, tiny } from '../codec/frames.ts';
import { mainThreadSecondsOf } from './agent-process.ts';

/** The wait of a NOTIFY for its ACK, in milliseconds. */
export interface Wait {
  /** Processor time of the agent's event loop until the ACK came; that of other programs is not in it. */
  readonly agent: number;
  readonly wall: number;
}

/** Sends an agent on 127.0.0.1 one tiny NOTIFY after the other, `pauseMs` after each ACK, at least one, until `isOver`. */
export async function waitForAcks(
  { port, pid }: { readonly port: number; readonly pid: number | undefined },
  pauseMs: number,
  isOver: () => boolean,
): Promise<Wait[]> {
  const socket = connect({ host: '127.0.0.1', port, noDelay: true });
  await once(socket, 'connect');
  socket.write(hello);
  await once(socket, 'data');
  const waits: Wait[] = [];
  do {
    const askedAt = performance.now();
    const before = mainThreadSecondsOf(pid);
    socket.write(tiny);
    // An ACK of this size comes in one piece.
    await once(socket, 'data');
    const wall = performance.now() - askedAt;
    waits.push({ wall, agent: (mainThreadSecondsOf(pid) - before) * 1_000 });
    await sleep(pauseMs);
  } while (!isOver());
  socket.destroy();
  return waits;
}
