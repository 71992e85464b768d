/** Injected faults: connections that end, stop or send nonsense at any point of a session. */
import { randomBytes, randomInt } from 'node:crypto';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { type FrameBuilder, fragment, haproxyHello, notify, type NotifyBuilder } from '@spop/builder';

const PAUSE_MS = 60;
const RESET_MS = 5;
const STALL_MS = 4_000;

const ask = (streamId: number, kind: string, path: string = '/'): NotifyBuilder =>
  notify({ streamId, frameId: 1 }).message('ask', { kind, method: 'GET', path, headers: null, body: null });
const joined = (frames: readonly FrameBuilder[]): Buffer => Buffer.concat(frames.map((frame) => frame.toBytes()));

const hello = haproxyHello({ capabilities: 'pipelining,async' });
const session = joined([hello, ...['async', 'slow', 'throws', 'realistic', 'rejects'].map((kind, i) => ask(i, kind))]);
const tooBig = joined([hello, ...fragment(ask(1, 'realistic', '/'.repeat(80_000)), 8_000)]);
const halfFragmented = joined([hello, ...fragment(ask(1, 'realistic', '/'.repeat(30_000)), 8_000).slice(0, 2)]);
const greeting = joined([hello]);

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
  'random bytes after a handshake': () => ({ bytes: Buffer.concat([greeting, randomBytes(200)]), ending: 'end' }),
  'an impossible length': () => ({ bytes: Buffer.concat([greeting, Buffer.from('ffffffff', 'hex')]), ending: 'end' }),
  'nothing at all': () => ({ bytes: Buffer.alloc(0), ending: 'stall' }),
  'two handshakes': () => ({ bytes: joined([hello, hello]), ending: 'end' }),
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
  if (ending === 'reset') setTimeout(() => socket.resetAndDestroy(), RESET_MS);
  if (ending === 'stall') setTimeout(() => socket.destroy(), STALL_MS);
}
