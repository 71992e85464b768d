import { once } from 'node:events';
import { connect, createServer, type NetConnectOpts } from 'node:net';

/** The port of a Redis or Valkey cluster's bus is the clients' port plus this number. */
const BUS_DISTANCE = 10_000;

/** Whether a server accepts connections on the port. */
export async function accepts(target: NetConnectOpts): Promise<boolean> {
  const socket = connect(target);
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

/** A port of 127.0.0.1 that was free a moment ago: for programs that cannot choose one themselves. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error(`expected a port; found ${address}`);
  return address.port;
}

/** The same, for a port low enough for a cluster's bus port above it. */
export async function freePortWithBus(): Promise<number> {
  for (;;) {
    const port = await freePort();
    if (port + BUS_DISTANCE < 65_536) return port;
  }
}
