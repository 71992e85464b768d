/**
 * Decides about requests in memory, as docs/examples/gcra-rate-limit does, and prints the time and the bytes as one line of
 * JSON. run.ts starts it, as JavaScript.
 */
import { address, FrameReader, MessageReader, NotifyWriter, string } from '@spop/codec';
import { ClientKey } from '../../docs/examples/gcra-rate-limit/client-key.ts';
import { Gcra } from '../../docs/examples/gcra-rate-limit/gcra.ts';
import { MemoryLimiter } from '../../docs/examples/gcra-rate-limit/memory-limiter.ts';
import { type Measured, measured } from '../harness/measured.ts';
import type { Operation } from '../harness/operation.ts';

const CLIENTS = 1_000_000;

const gcra = new Gcra({ intervalUs: 10_000, burstUs: 200_000 });

/** Decides about clients whose numbers come from `next`, from the argument of a NOTIFY to the decision. */
function decide(limiter: MemoryLimiter, next: () => number): Operation {
  const bytes = Buffer.alloc(256);
  const writer = new NotifyWriter();
  writer.beginNotify(bytes, 0, bytes.length, 1, 1);
  writer.message('check-rate');
  writer.argument('ip_xff', string, 'unknown');
  writer.argument('ip_src', address, '203.0.113.7');
  const end = writer.end();
  const at = bytes.indexOf(Buffer.from([203, 0, 113, 7]));
  const reader = new FrameReader();
  const messages = new MessageReader();
  const client = new ClientKey(64);
  return () => {
    const number = next();
    for (let byte = 0; byte < 4; byte++) bytes[at + byte] = number >>> (24 - 8 * byte);
    reader.push(bytes, 0, end);
    const frame = reader.next();
    if (frame === undefined) return 0;
    messages.read(frame);
    if (!client.read(messages)) return 0;
    limiter.decide(client);
    return gcra.isAllowed ? 1 : 2;
  };
}

let next = 0;
const newcomer = (): number => (next = (next + 1) | 0);
const full = new MemoryLimiter(gcra, CLIENTS);
const fill = decide(full, newcomer);
for (let i = 0; i < CLIENTS; i++) fill();
let known = 0;
const figures = {
  'a client that comes often, mostly refused': await measured(decide(new MemoryLimiter(gcra, CLIENTS), () => 7)),
  'one of a million clients': await measured(decide(full, () => (known = (known + 7_919) % CLIENTS))),
  'a newcomer, where a million are known': await measured(decide(full, newcomer)),
};
console.log(JSON.stringify(figures satisfies Record<string, Measured>));
