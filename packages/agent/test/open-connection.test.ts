import { haproxyHello, parse } from '@spop/builder';
import { once } from 'node:events';
import { Duplex, duplexPair } from 'node:stream';
import { expect, it } from 'vitest';
import { createAgent } from '../src/index.ts';

/** Timers that keep the process. */
function timers(): number {
  return process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
}

it('an open connection has no timer that keeps the process: only its stream does, if it is a socket', () => {
  const before = timers();
  const [ours, theirs] = duplexPair();
  const agent = createAgent({ helloTimeoutMs: 30_000, idleTimeoutMs: 30_000, partialFrameTimeoutMs: 30_000 });
  agent.handle(theirs);
  expect(agent.connectionCount).toBe(1);
  expect(timers()).toBe(before);
  theirs.destroy();
  ours.destroy();
});

it('a stream of objects is read as far as they are bytes, whatever their class', async () => {
  const agent = createAgent();
  const written: Buffer[] = [];
  const stream = new Duplex({
    objectMode: true,
    read: () => {},
    write: (chunk: Buffer, _, done) => {
      written.push(chunk);
      stream.emit('written');
      done();
    },
  });
  expect(agent.inFlightCount).toBe(0);
  agent.handle(stream);
  const answered = once(stream, 'written');
  const hello = haproxyHello().toBytes();
  for (const chunk of [hello.subarray(0, 9), { no: 'bytes' }, hello.subarray(9)]) stream.push(chunk);
  await answered;
  expect(parse(Buffer.concat(written)).map(({ type }) => type)).toEqual(['AGENT-HELLO']);
  await agent.close({ graceMs: 0 });
});
