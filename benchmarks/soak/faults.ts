/** Injected faults: connections that end, stop or send nonsense at any point of a session. */
import { randomBytes, randomInt } from 'node:crypto';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { data, fragment, haproxyHello, notify } from '@spop/builder';

const PAUSE_MS = 60;
const STALL_MS = 4_000;

const ask = (streamId: number, kind: string, path: string = '/'): ReturnType<typeof notify> =>
  notify({ streamId, frameId: 1 }).message('ask', {
    kind: data.string(kind),
    method: data.string('GET'),
    path: data.string(path),
    headers: null,
    body: null,
  });
const hello = haproxyHello({ capabilities: 'pipelining,async' }).toBytes();
const session = Buffer.concat([
  hello,
  ...['async', 'slow', 'throws', 'realistic', 'rejects'].map((kind, i) => ask(i, kind).toBytes()),
]);
const tooBig = Buffer.concat([
  hello,
  ...fragment(ask(1, 'realistic', '/'.repeat(80_000)), 8_000).map((frame) => frame.toBytes()),
]);
const halfFragmented = Buffer.concat([
  hello,
  ...fragment(ask(1, 'realistic', '/'.repeat(30_000)), 8_000)
    .slice(0, 2)
    .map((frame) => frame.toBytes()),
]);

/** Bytes to send, and the end of the connection after them. */
type Fault = () => { readonly bytes: Buffer; readonly ending: 'reset' | 'end' | 'stall' };

const faults: Readonly<Record<string, Fault>> = {
  'reset at any byte': () => ({ bytes: session.subarray(0, randomInt(session.length)), ending: 'reset' }),
  'end at any byte': () => ({ bytes: session.subarray(0, randomInt(session.length)), ending: 'end' }),
  'half a frame, then silence': () => ({
    bytes: session.subarray(0, session.length - randomInt(1, 20)),
    ending: 'stall',
  }),
  'random bytes': () => ({ bytes: randomBytes(randomInt(1, 5_000)), ending: 'end' }),
  'random bytes after a handshake': () => ({ bytes: Buffer.concat([hello, randomBytes(200)]), ending: 'end' }),
  'an impossible length': () => ({ bytes: Buffer.concat([hello, Buffer.from('ffffffff', 'hex')]), ending: 'end' }),
  'nothing at all': () => ({ bytes: Buffer.alloc(0), ending: 'stall' }),
  'two handshakes': () => ({ bytes: Buffer.concat([hello, hello]), ending: 'end' }),
  'a fragmented NOTIFY above the cap': () => ({ bytes: tooBig, ending: 'end' }),
  'half of a fragmented NOTIFY': () => ({ bytes: halfFragmented, ending: 'reset' }),
};

/** The number of injections of each fault. */
export const injected: Record<string, number> = Object.fromEntries(Object.keys(faults).map((name) => [name, 0]));

/** Injects one fault after the other until `isOver`. */
export async function injectFaults(port: number, isOver: () => boolean): Promise<void> {
  const all = Object.entries(faults);
  for (let i = 0; !isOver(); i++) {
    const [name, make] = all[i % all.length]!;
    inject(port, make);
    injected[name] = (injected[name] ?? 0) + 1;
    await sleep(PAUSE_MS);
  }
}

function inject(port: number, make: Fault): void {
  const { bytes, ending } = make();
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => {});
  socket.resume();
  socket.on('end', () => socket.end());
  if (bytes.length > 0) socket.write(bytes);
  if (ending === 'end') socket.end();
  else
    setTimeout(
      () => (ending === 'reset' ? socket.resetAndDestroy() : socket.destroy()),
      ending === 'reset' ? 5 : STALL_MS,
    );
}
