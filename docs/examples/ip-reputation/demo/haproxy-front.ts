/** A real HAProxy with the example's configuration, and a small web site behind it. */
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { Agent, createServer, request, type ClientRequestArgs, type IncomingMessage, type Server } from 'node:http';
import { connect, isIPv6, type Socket } from 'node:net';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { Child } from './child.ts';
import type { Answer, Front } from './front.ts';

const CONFIG = fileURLToPath(new URL('../haproxy.cfg', import.meta.url));
const READY_TIMEOUT_MS = 10_000;
const REQUEST_TIMEOUT_MS = 5000;

/** A HAProxy program and the first line of its `-v`. */
export interface HaproxyProgram {
  readonly path: string;
  readonly banner: string;
}

/**
 * The HAProxy that `$HAPROXY` names, or the one on the PATH; undefined where there is none.
 *
 * @throws Error where `$HAPROXY` names something that does not run.
 */
export async function findHaproxy(): Promise<HaproxyProgram | undefined> {
  const named = process.env['HAPROXY'];
  // Debian keeps it where a user's PATH may not lead.
  for (const path of named ? [named] : ['haproxy', '/usr/sbin/haproxy', '/usr/local/sbin/haproxy']) {
    try {
      const { stdout } = await promisify(execFile)(path, ['-v']);
      return { path, banner: stdout.split('\n', 1)[0] ?? '' };
    } catch (error) {
      if (named) throw new Error(`HAPROXY is ${named}, which does not run: ${String(error)}`, { cause: error });
    }
  }
  return undefined;
}

/** Starts HAProxy in front of a small site and of the agent at `spoeAddress`. */
export async function startHaproxyFront(program: HaproxyProgram, spoeAddress: string): Promise<Front> {
  const site = createServer((_, response) => response.end('Hello from the site behind HAProxy.\n'));
  const env = {
    APP_ADDR: await listen(site),
    HTTP_ADDR: process.env['HTTP_ADDR'] ?? (await freeAddress()),
    PROXY_ADDR: process.env['PROXY_ADDR'] ?? (await freeAddress()),
    SPOE_ADDR: spoeAddress,
  };
  const haproxy = new Child('HAProxy', program.path, ['-db', '-f', CONFIG], env);
  const proxied = address(env.PROXY_ADDR);
  const agents = new Map<string, Agent>();
  const close = async (): Promise<void> => {
    for (const agent of agents.values()) agent.destroy();
    await haproxy.stop();
    site.close();
    site.closeAllConnections();
  };
  try {
    await haproxy.until(() => accepts(proxied), READY_TIMEOUT_MS);
  } catch (error) {
    await close();
    throw error;
  }

  const ask = async (client: string): Promise<Answer> => {
    const agent = agents.get(client) ?? new ProxyProtocolAgent(client);
    agents.set(client, agent);
    const { statusCode, statusMessage, headers } = await get({ ...proxied, agent });
    const score = headers['x-ip-score'];
    const error = headers['x-spoe-error'];
    return {
      score: score === undefined ? undefined : Number(score),
      outcome: `${statusCode} ${statusMessage}`,
      denied: statusCode === 403,
      error: error === undefined ? undefined : `txn.reputation.error is ${String(error)}`,
    };
  };
  return {
    title: `${program.banner} (${program.path}), with docs/examples/ip-reputation/haproxy.cfg`,
    measures: 'a whole HTTP request through HAProxy, the agent asked on the way',
    usage: [
      `curl -i http://${env.HTTP_ADDR}/`,
      `curl -i --haproxy-clientip 10.1.2.3 http://${env.PROXY_ADDR}/     (curl 8.2 and later: as another client)`,
    ],
    broken: haproxy.ended.then((ending) => `HAProxy ended with ${ending}:\n${haproxy.output}`),
    ask,
    close,
  };
}

/** Connections that begin with a PROXY protocol line, version 1, in the name of `client`. */
class ProxyProtocolAgent extends Agent {
  readonly #line: string;

  constructor(client: string) {
    super({ keepAlive: true });
    const addresses = isIPv6(client) ? `TCP6 ${client} ::1` : `TCP4 ${client} 127.0.0.1`;
    this.#line = `PROXY ${addresses} 49152 80\r\n`;
  }

  override createConnection(options: ClientRequestArgs): Socket {
    const socket = connect({ host: String(options.host), port: Number(options.port) });
    socket.write(this.#line, 'latin1');
    return socket;
  }
}

async function get(options: ClientRequestArgs): Promise<IncomingMessage> {
  const outgoing = request({ ...options, signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS) }).end();
  return new Promise((resolve, reject) => {
    outgoing.on('error', reject);
    outgoing.on('response', (incoming) =>
      incoming
        .on('error', reject)
        .on('end', () => resolve(incoming))
        .resume(),
    );
  });
}

async function listen(server: Server): Promise<string> {
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const bound = server.address();
  if (bound === null || typeof bound === 'string') throw new Error('the site has no port');
  return `127.0.0.1:${bound.port}`;
}

/** An address that was free a moment ago. */
async function freeAddress(): Promise<string> {
  const server = createServer();
  const found = await listen(server);
  await once(server.close(), 'close');
  return found;
}

function address(text: string): { host: string; port: number } {
  const url = new URL(`http://${text}`);
  return { host: url.hostname.replaceAll(/[[\]]/g, ''), port: Number(url.port || 80) };
}

async function accepts(target: { host: string; port: number }): Promise<true | undefined> {
  const socket = connect(target);
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return undefined;
  } finally {
    socket.destroy();
  }
}
