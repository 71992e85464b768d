/** Starts an example for its tests: the agent as its README says, and HAProxy with the example's own files. */
import { fileURLToPath } from 'node:url';
import { Haproxy } from './haproxy/haproxy.ts';
import type { HaproxyRelease } from './haproxy/releases.ts';
import { HttpClient } from './http-client.ts';
import { Origin } from './origin.ts';
import { Program } from './program.ts';
import { stopAfterTest } from './vitest.ts';

/** Environment variables by name. */
export type Environment = Readonly<Record<string, string>>;

/** Starts a program of an example in a new process, until the test ends. */
export function startScript(file: URL, args: readonly string[] = [], env: Environment = {}): Program {
  const path = fileURLToPath(file);
  const name = path.split('/').at(-1) ?? path;
  return stopAfterTest(
    new Program(process.execPath, ['--conditions=@spop/source', path, ...args], { name, env, cwd: new URL('.', file) }),
  );
}

/** A listening agent of an example. */
export interface ExampleAgent {
  readonly agent: Program;
  /** The address for the `server` line. */
  readonly spoeAddress: string;
}

/** Starts an example's agent, on a free port of 127.0.0.1 unless `env` has `SPOE_ADDR`, and waits until it listens. */
export async function startAgent(file: URL, env: Environment = {}): Promise<ExampleAgent> {
  const agent = startScript(file, [], { SPOE_ADDR: '127.0.0.1:0', ...env });
  return { agent, spoeAddress: await agent.says(/^listening on\s+(\S+)$/m) };
}

/** Starts HAProxy with an example's unchanged configuration, in front of a site: by default one that answers `the site`. */
export async function startHaproxy(
  { program }: Pick<HaproxyRelease, 'program'>,
  config: URL,
  spoeAddress: string,
  more: Environment = {},
  site?: Origin,
): Promise<Haproxy> {
  const { address } = site ?? stopAfterTest(await Origin.start('the site'));
  const env = {
    HTTP_ADDR: 'unix@${RUN_DIR}/direct.sock',
    PROXY_ADDR: 'unix@${RUN_DIR}/http.sock',
    APP_ADDR: address,
    SPOE_ADDR: spoeAddress,
    STATS_ADDR: 'unix@${RUN_DIR}/stats.sock',
    ...more,
  };
  return stopAfterTest(await Haproxy.start({ program, config, env }));
}

/** A site that answers each request with its headers and its path as JSON. */
export async function startMirror(): Promise<Origin> {
  return stopAfterTest(
    await Origin.serve(({ headers, url }, response) => response.end(JSON.stringify({ url, headers }))),
  );
}

/** A client with this address, through the listener for the PROXY protocol. */
export function connectAs(from: string, haproxy: Haproxy): HttpClient {
  return stopAfterTest(new HttpClient(haproxy.httpSocket, { from }));
}
