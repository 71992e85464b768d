/**
 * The client of an agent, in a process of its own: it sends equal NOTIFYs, as many as its parent asks for, and answers when
 * all are acknowledged.
 *
 *     node client.ts PORT|PATH tiny|realistic
 */
import { connect } from 'node:net';
import { realistic, tiny } from '../codec/frames.ts';
import { Asker } from './asker.ts';

/** A request of the parent: a number of NOTIFYs, and how many of them are sent in one write. */
export interface Request {
  readonly count: number;
  readonly window: number;
}

const [target = '', traffic = ''] = process.argv.slice(2);
const port = Number(target);
const socket = Number.isNaN(port) ? connect(target) : connect({ host: '127.0.0.1', port, noDelay: true });
const asker = await Asker.open(socket, traffic === 'tiny' ? tiny : realistic);

async function answer({ count, window }: Request): Promise<void> {
  await asker.ask(count, window);
  process.send?.(0);
}

process.on('message', (request: Request) => void answer(request));
process.on('disconnect', () => process.exit());
process.send?.(0);
