import { once } from 'node:events';
import { connect, type NetConnectOpts } from 'node:net';

/** Whether somebody accepts connections there. */
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
