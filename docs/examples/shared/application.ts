/** The work of all examples around their agent: metrics, signals, and a last line with the listening address. */
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import {
  type Agent,
  closeOnSignals,
  formatListenAddress,
  type OwnMetric,
  parseListenAddress,
  PROMETHEUS_CONTENT_TYPE,
  toPrometheusText,
} from '@spop/agent';
import { messageOf } from './message-of.ts';

/** Time limit for the questions in flight when the agent is told to stop. */
const GRACE_MS = 5_000;

/** Runs a program: an error becomes one clear message on stderr, and exit code 1. */
export async function run(program: () => Promise<void>): Promise<void> {
  try {
    await program();
  } catch (error) {
    console.error(messageOf(error));
    process.exit(1);
  }
}

/** Pages that an example shows its operator in addition to its metrics: HTML by path. */
export type OperatorPages = Readonly<Record<string, () => string>>;

/** After this call the agent ends with exit code 0 on SIGTERM and SIGINT, and serves its metrics if the settings say so. */
export async function serve(
  agent: Agent,
  settings: { readonly METRICS_ADDR: string },
  ownMetrics: () => readonly OwnMetric[],
  pages: OperatorPages = {},
): Promise<void> {
  closeOnSignals(agent, {
    graceMs: GRACE_MS,
    onSignal: (signal) => console.log(`stopping on ${signal}`),
    afterClose: () => console.log('stopped'),
  });
  if (settings.METRICS_ADDR === '') return;
  const server = createServer(({ url = '' }, response) => {
    const page = pages[url];
    if (page !== undefined) {
      response.setHeader('content-type', 'text/html; charset=utf-8');
      response.end(page());
      return;
    }
    response.setHeader('content-type', PROMETHEUS_CONTENT_TYPE);
    response.end(toPrometheusText(agent.toMetrics(), ownMetrics()));
  });
  console.log(`metrics on    ${await listenHttp(server, settings.METRICS_ADDR)}`);
}

/** Starts a server. @returns its address, with the port that it got. */
export async function listenHttp(server: Server, address: string): Promise<string> {
  await once(server.listen(parseListenAddress(address)), 'listening');
  const bound = server.address();
  if (bound === null) throw new Error(`expected the listener on ${address} to have an address`);
  return formatListenAddress(typeof bound === 'string' ? { path: bound } : { host: bound.address, port: bound.port });
}

/** Listens, and prints the address: that line is the last of the start, and everything is ready. */
export async function listen(agent: Agent, settings: { readonly SPOE_ADDR: string }): Promise<void> {
  const listening = await agent.listen(settings.SPOE_ADDR);
  console.log(`process       ${process.pid}, Node ${process.version}; stops on SIGTERM and SIGINT`);
  console.log(`listening on  ${formatListenAddress(listening)}`);
}
