/**
 * The floor for docs/examples/gcra-rate-limit with a store: the same agent with the least possible client. That client knows
 * only this one script, handles no error, and has one connection to each of the ports, whose servers share all slots.
 *
 *     node --conditions=@spop/source benchmarks/rate-limit/bare-agent.ts PORT…
 */
import { connect, type Socket } from 'node:net';
import { createAgent } from '@spop/agent';
import { answer } from '../../docs/examples/gcra-rate-limit/answer.ts';
import { ClientKey } from '../../docs/examples/gcra-rate-limit/client-key.ts';
import { Gcra } from '../../docs/examples/gcra-rate-limit/gcra.ts';
import { keySlot, SLOTS } from '../../docs/examples/gcra-rate-limit/key-slot.ts';
import { checkRate } from '../../docs/examples/gcra-rate-limit/messages.ts';
import { SCRIPT, SCRIPT_DIGEST } from '../../docs/examples/gcra-rate-limit/store-script.ts';

type Reply = (nowUs: number, arrivalUs: number) => void;

const COMMAND = `*8\r\n$7\r\nEVALSHA\r\n$40\r\n${SCRIPT_DIGEST}\r\n$1\r\n1\r\n$`;
const ARGUMENTS = '\r\n$5\r\n10000\r\n$6\r\n200000\r\n$7\r\n1800000\r\n$16\r\n9000000000000000\r\n';

/** Sends the calls of one turn's handlers together; each answer is two integers. */
class BareClient {
  readonly #socket: Socket;
  readonly #waiting: Reply[] = [];
  #out = '';
  #rest = '';

  constructor(port: number) {
    this.#socket = connect({ host: '127.0.0.1', port, noDelay: true }).setEncoding('latin1');
    this.#socket.write(`*3\r\n$6\r\nSCRIPT\r\n$4\r\nLOAD\r\n$${SCRIPT.length}\r\n${SCRIPT}\r\n`);
    this.#socket.once('data', () => this.#socket.on('data', (text: string) => this.#read(text)));
  }

  ask(key: string, reply: Reply): void {
    if (this.#out === '') setImmediate(() => this.#flush());
    this.#out += `${COMMAND}${key.length}\r\n${key}${ARGUMENTS}`;
    this.#waiting.push(reply);
  }

  #flush(): void {
    this.#socket.write(this.#out, 'latin1');
    this.#out = '';
  }

  #read(text: string): void {
    const lines = (this.#rest + text).split('\r\n');
    let at = 0;
    for (; at + 3 < lines.length; at += 3) {
      this.#waiting.shift()?.(Number(lines[at + 1]!.slice(1)), Number(lines[at + 2]!.slice(1)));
    }
    this.#rest = lines.slice(at).join('\r\n');
  }
}

const clients = process.argv.slice(2).map((port) => new BareClient(Number(port)));
const gcra = new Gcra({ intervalUs: 10_000, burstUs: 200_000 });
const client = new ClientKey(64);
const agent = createAgent();
agent.onMessage(checkRate, (_, ack, notify) => {
  if (!client.read(notify.walk())) return;
  const key = `rate:${client.toString()}`;
  // The testbed's cluster shares out the slots like this: server n begins at slot n * SLOTS / servers, rounded down.
  const index = clients.length === 1 ? 0 : Math.floor(((keySlot(key) + 1) * clients.length - 1) / SLOTS);
  return new Promise<void>((resolve) => {
    clients[index]!.ask(key, (nowUs, arrivalUs) => {
      gcra.decide(arrivalUs, nowUs);
      answer(ack, gcra, 'store', false);
      resolve();
    });
  });
});
const listening = await agent.listen({ host: '127.0.0.1', port: 0 });
console.log(`listening on  127.0.0.1:${'port' in listening ? listening.port : 0}`);
