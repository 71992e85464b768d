import { Server } from 'node:net';
import { duplexPair } from 'node:stream';
import { setImmediate as nextTurn } from 'node:timers/promises';
import '@spop/builder/vitest';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { overload } from '../src/observe/overload.ts';
import { openAgent } from './connection/connection-bench.ts';
import { startAgent } from './harness.ts';

/** Keeps the servers that listen. */
function watchServers(): () => readonly Server[] {
  const listen = vi.spyOn(Server.prototype, 'listen');
  onTestFinished(() => listen.mockRestore());
  return () => listen.mock.contexts.filter((each) => each instanceof Server);
}

describe('a connection above twice maxConnections', () => {
  it('is told the reason, reported without a connection, counted, and destroyed', async () => {
    const { agent, reports } = await startAgent({ maxConnections: 1 });
    const streams = Array.from({ length: 3 }, () => duplexPair());
    const received: Buffer[] = [];
    streams[2]![0].on('data', (bytes: Buffer) => received.push(bytes));
    for (const [, theirs] of streams) agent.handle(theirs);
    const refused = streams[2]![1];
    // As a socket does whose peer has gone: without a listener the error would end the process.
    expect(() => refused.emit('error', new Error('write EPIPE'))).not.toThrow();
    await nextTurn();
    await nextTurn();
    expect(Buffer.concat(received)).toBeDisconnect(13);
    expect(refused.destroyed).toBe(true);
    const told = { agent: undefined, ...overload('maxConnections', agent.options) };
    expect(reports.overload).toEqual([
      { ...told, connection: { id: 2, remote: undefined, engineId: undefined } },
      { ...told, connection: undefined },
    ]);
    expect([agent.connectionCount, agent.toMetrics().refusedConnections]).toEqual([2, 2]);
    for (const [ours] of streams) ours.destroy();
  });
});

describe('a server that fails after it listened', () => {
  it('is reported as an error of the transport, and ends nothing', async () => {
    const servers = watchServers();
    const { agent, connect, reports } = await startAgent({ link: 'IPv4' });
    const error = Object.assign(new Error('accept EMFILE'), { code: 'EMFILE' });
    expect(servers()).toHaveLength(1);
    servers()[0]?.emit('error', error);
    expect(reports.transportError).toEqual([{ agent: undefined, connection: undefined, error }]);
    expect((await (await connect()).hello()).version).toBe('2.0');
    expect(agent.connectionCount).toBe(1);
  });
});

describe('an agent that is closed', () => {
  it('opens no server before it refuses to listen', async () => {
    const servers = watchServers();
    const { agent } = await startAgent();
    await agent.close();
    await expect(agent.listen({ port: 0 })).rejects.toMatchObject({ code: 'SPOP_MISUSE' });
    expect(servers()).toEqual([]);
  });
});

describe('an event loop that was blocked', () => {
  it('is reported with the time', () => {
    const { events, shared } = openAgent(() => {}, { eventLoopBlockedMs: 100 });
    shared.eventLoop.tick(99);
    shared.eventLoop.tick(120);
    expect(events).toEqual([['eventLoopBlocked', { agent: undefined, blockedMs: 120 }]]);
  });
});
