/** Servers in place of agents, for the parts of commands that connect to one. */
import { createServer, type ListenOptions, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';
import type { AgentTarget } from '../../src/cli/target.ts';

/** A server until the test ends. `serve` gets each connection. @returns the target that names it. */
export async function targetOf(
  serve: (socket: Socket) => void,
  at: ListenOptions = { host: '127.0.0.1', port: 0 },
): Promise<AgentTarget> {
  const sockets = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.add(socket);
    socket.on('error', () => socket.destroy());
    serve(socket);
  });
  await new Promise<void>((resolve) => {
    server.listen(at, resolve);
  });
  onTestFinished(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => {
      server.close(resolve);
    });
  });
  const bound = server.address();
  if (bound === null) throw new Error('the server does not listen');
  const address = typeof bound === 'string' ? { path: bound } : { host: '127.0.0.1', port: bound.port };
  return { text: 'the agent', address, tls: undefined, timeoutMs: 20_000 };
}
