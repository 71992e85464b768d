import { once } from 'node:events';
import { connect as connectSocket, type Socket } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { TemporaryFolder } from '@spop-internal/testbed/temporary-folder';
import { stopAfterTest } from '@spop-internal/testbed/vitest';
import { describe, expect, it } from 'vitest';
import { Recorder } from '../../src/cli/capture/recorder.ts';
import { RecordingProxy } from '../../src/cli/recording-proxy.ts';
import { parseAddress, type AgentTarget } from '../../src/cli/target.ts';
import { targetOf } from './peers.ts';

/** A proxy on a unix socket until the test ends, a connection to it, and what it has recorded. */
async function recording(target: AgentTarget): Promise<{ haproxy: Socket; proxy: RecordingProxy; lines: string[] }> {
  const folder = stopAfterTest(await TemporaryFolder.make());
  const lines: string[] = [];
  const proxy = new RecordingProxy(target, new Recorder((line) => lines.push(line), false), (text) => lines.push(text));
  const address = `unix:${folder.file('record.sock')}`;
  expect(await proxy.listen(parseAddress(address))).toBe(address);
  stopAfterTest({ stop: () => proxy.close() });
  const haproxy = connectSocket({ path: folder.file('record.sock'), allowHalfOpen: true });
  await once(haproxy, 'connect');
  return { haproxy, proxy, lines };
}

async function unixTarget(serve: (socket: Socket) => void): Promise<AgentTarget> {
  return targetOf(serve, { path: stopAfterTest(await TemporaryFolder.make()).file('agent.sock') });
}

/** A number that has not changed for 100 turns of the event loop. */
async function settled(read: () => number): Promise<number> {
  let last = read();
  for (let turns = 0; turns < 100; turns++) {
    await nextTurn();
    if (read() !== last) turns = 0;
    last = read();
  }
  return last;
}

describe('RecordingProxy', () => {
  it('stops to read a side while the other does not, and loses nothing', async () => {
    const sent = Buffer.alloc(8 << 20, 'x');
    const agent = Promise.withResolvers<Socket>();
    const { haproxy } = await recording(
      await unixTarget((socket) => {
        socket.pause();
        agent.resolve(socket);
      }),
    );
    haproxy.end(sent);
    const socket = await agent.promise;
    // The buffers of all sockets between the two hold less.
    expect(await settled(() => haproxy.writableLength)).toBeGreaterThan(0);
    let received = 0;
    socket.on('data', (chunk: Buffer) => (received += chunk.length)).resume();
    await once(socket, 'end');
    expect(received).toBe(sent.length);
  });

  it('ends the agent’s connection with HAProxy’s, and the other way round', async () => {
    const agents: Socket[] = [];
    const target = await unixTarget((socket) => agents.push(socket));
    const first = await recording(target);
    await expect.poll(() => agents.length).toBe(1);
    first.haproxy.destroy();
    await once(agents[0]!.resume(), 'end');
    agents[0]!.end();
    await expect.poll(() => first.lines.at(-1)).toMatch(/ 1 close haproxy\n$/);
    const second = await recording(target);
    await expect.poll(() => agents.length).toBe(2);
    agents[1]!.destroy();
    await once(second.haproxy.resume(), 'end');
    second.haproxy.end();
    await expect.poll(() => second.lines.at(-1)).toMatch(/ 1 close agent\n$/);
  });

  it('closes a unix socket, which has no reset, if the agent cannot be reached', async () => {
    const target = await unixTarget(() => undefined);
    const gone = { ...target, address: { path: '/nowhere/agent.sock' } };
    const { haproxy, lines } = await recording(gone);
    haproxy.resume();
    await once(haproxy, 'end');
    expect(lines.join('')).toContain('could not connect to the agent: ');
    expect(lines.at(-1)).toMatch(/ 1 close agent\n$/);
  });
});
