/** An agent in the test's process with a HAProxy in front of it. */
import { createAgent, type Agent, type AgentOptions } from '@spop/agent';
import { haproxyConfig, spoeConfig, type Configuration } from '@spop-internal/testbed/haproxy/config';
import { Haproxy } from '@spop-internal/testbed/haproxy/haproxy';
import type { HaproxyRelease } from '@spop-internal/testbed/haproxy/releases';
import { HttpClient } from '@spop-internal/testbed/http-client';
import { TemporaryFolder } from '@spop-internal/testbed/temporary-folder';
import { stopAfterTest } from '@spop-internal/testbed/vitest';
import { expect, onTestFinished } from 'vitest';

/** The client, the HAProxy and the agent's reports for a test. */
export interface Rig {
  readonly haproxy: Haproxy;
  /** A client with the address 192.0.2.1. */
  readonly client: HttpClient;
}

/** The reports of an agent's hooks. */
export interface Reports {
  /** Handlers' errors and the peers' protocol errors, as text; the test fails if any are left in this list. */
  readonly errors: string[];
  /** Connections opened, without health checks, and those of them closed. */
  connections: number;
  disconnections: number;
  /** Whole frames read from closed connections. */
  frames: number;
}

/** An agent whose hooks record their calls. */
export function createReportingAgent(options: AgentOptions = {}): { agent: Agent; reports: Reports } {
  const reports: Reports = { errors: [], connections: 0, disconnections: 0, frames: 0 };
  const agent = createAgent({
    ...options,
    hooks: {
      connect: () => void reports.connections++,
      disconnect: ({ frames }) => {
        reports.disconnections++;
        reports.frames += frames;
      },
      handlerError: ({ error }) => void reports.errors.push(`handler: ${String(error)}`),
      protocolError: ({ error }) => void reports.errors.push(`protocol: ${String(error)}`),
      transportError: ({ error }) => void reports.errors.push(`transport: ${String(error)}`),
    },
  });
  onTestFinished(() => expect(reports.errors).toEqual([]));
  return { agent, reports };
}

/** Lets `agent` listen on a free port of 127.0.0.1, to be closed when the test ends. @returns its `host:port`. */
export async function listenOnPort(agent: Agent, port: number = 0): Promise<string> {
  onTestFinished(() => agent.close({ graceMs: 0 }));
  const address = await agent.listen({ host: '127.0.0.1', port });
  if (!('port' in address)) throw new Error('the agent listens on no port');
  return `${address.host}:${address.port}`;
}

/** Lets `agent` listen on a unix socket, to be closed when the test ends. @returns its address as HAProxy spells it. */
export async function listenOnUnixSocket(agent: Agent): Promise<string> {
  const folder = stopAfterTest(await TemporaryFolder.make());
  onTestFinished(() => agent.close({ graceMs: 0 }));
  const path = folder.file('agent.sock');
  await agent.listen({ path });
  return `unix@${path}`;
}

/** A client with this address, for the duration of the test. */
export function connectAs(from: string, haproxy: Haproxy): HttpClient {
  return stopAfterTest(new HttpClient(haproxy.httpSocket, { from }));
}

/** Whether this HAProxy is of the branch, such as `3.4`, or of a later one. */
export function isSince({ version }: HaproxyRelease, branch: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const [sinceMajor = 0, sinceMinor = 0] = branch.split('.').map(Number);
  return major > sinceMajor || (major === sinceMajor && minor >= sinceMinor);
}

/**
 * Starts HAProxy with this configuration in front of the agent at `agentAddress`, for the duration of the test; `edit` may
 * change the SPOE configuration last.
 */
export async function startRig(
  { program }: HaproxyRelease,
  agentAddress: string,
  configuration: Configuration,
  edit: (spoeConfig: string) => string = (text) => text,
): Promise<Rig> {
  const config = haproxyConfig(configuration, agentAddress);
  const files = { 'spoe.conf': edit(spoeConfig(configuration)) };
  const haproxy = stopAfterTest(await Haproxy.start({ program, config, files }));
  return { haproxy, client: connectAs('192.0.2.1', haproxy) };
}
