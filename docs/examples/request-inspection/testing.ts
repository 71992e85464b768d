/** Code shared by the tests of this example. */
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import {
  connectAs,
  type Environment,
  type ExampleAgent,
  startAgent,
  startHaproxy,
} from '@spop-internal/testbed/example';
import type { Haproxy } from '@spop-internal/testbed/haproxy/haproxy';
import type { HaproxyRelease } from '@spop-internal/testbed/haproxy/releases';
import { type Answer, proxyLine, type RequestOptions } from '@spop-internal/testbed/http-client';
import { Origin } from '@spop-internal/testbed/origin';
import { TemporaryFolder } from '@spop-internal/testbed/temporary-folder';
import { stopAfterTest } from '@spop-internal/testbed/vitest';
import { inTime } from '../shared/testing.ts';

export const AGENT: URL = new URL('agent.ts', import.meta.url);
export const CONFIG: URL = new URL('haproxy.cfg', import.meta.url);

const SPOE_CONF = 'spoe-request-inspection.conf';
const TIMEOUT_MS = 10_000;

/** Texts of the site at some paths. */
export const LEAKS: Readonly<Record<string, string>> = {
  '/leak': 'You have an error in your SQL syntax near',
  '/index': '<title>Index of /</title>',
};

/** An attack that needs decoding. */
export const SQL = '/items?q=1%27%20UNION%20%20select%20name%20from%20users';
/** Its answer. */
export const DENIED = [403, 'deny', '942100', '1', 'rules'] as const;
/** The answer for a request that no rule hits. */
export const PASSED = [200, undefined, '', '1', 'rules'] as const;

/** Rules in a file of their own, until the test ends. */
export async function writeRules(text: string): Promise<string> {
  const path = stopAfterTest(await TemporaryFolder.make()).file('rules.txt');
  await writeFile(path, text);
  return path;
}

/** A site that leaks at some paths. */
export async function startSite(): Promise<Origin> {
  return stopAfterTest(
    await Origin.serve(({ url = '' }, response) => {
      const text = LEAKS[url] ?? 'the site';
      response.setHeader('content-length', text.length).end(text);
    }),
  );
}

/** Differences from the example. */
export interface BothOptions {
  readonly env?: Environment;
  /** A running agent. */
  readonly running?: ExampleAgent;
  readonly config?: URL;
  /** Its address. */
  readonly site?: string;
}

/** An agent with time enough on a busy machine, and HAProxy in front of a site that leaks. */
export async function startBoth(
  release: HaproxyRelease,
  { env = {}, config = CONFIG, site, ...more }: BothOptions = {},
): Promise<{ haproxy: Haproxy; running: ExampleAgent }> {
  const running = more.running ?? (await startAgent(AGENT, { INSPECTION_BUDGET_MS: '5000', ...env }));
  const APP_ADDR = site ?? (await startSite()).address;
  return { haproxy: await startHaproxy(release, config, running.spoeAddress, { APP_ADDR }), running };
}

/** Differences of a copy of the configurations. */
export interface ConfigChanges {
  /** The SPOE configuration that is used. */
  readonly conf?: string;
  /** Lines for the section `global`. */
  readonly global?: string;
  readonly spoe?: (text: string) => string;
}

/** A copy of haproxy.cfg and the files that it names. @returns its path, until the test ends. */
export async function configWith({
  conf = SPOE_CONF,
  global = '',
  spoe = (text) => text,
}: ConfigChanges): Promise<URL> {
  const folder = stopAfterTest(await TemporaryFolder.make());
  const text = await readFile(CONFIG, 'utf8');
  await writeFile(folder.file('haproxy.cfg'), text.replace('global\n', `global\n${global}`).replace(SPOE_CONF, conf));
  await writeFile(folder.file(conf), spoe(await readFile(new URL(conf, CONFIG), 'utf8')));
  return pathToFileURL(folder.file('haproxy.cfg'));
}

/** One request from 192.0.2.1. @returns the fields of its answer. */
export async function ask(haproxy: Haproxy, request: RequestOptions = {}): Promise<unknown[]> {
  const client = connectAs('192.0.2.1', haproxy);
  return summaryOf(await inTime(() => client.request(request)));
}

/** Status, action, rules, whether the body was whole, and the source of the verdict. */
export function summaryOf({ status, headers }: Pick<Answer, 'status' | 'headers'>): unknown[] {
  return [status, headers['x-action'], headers['x-rules'], headers['x-body-complete'], headers['x-verdict-source']];
}

/** The answer on a connection of its own. */
export interface RawAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** All received text, headers included. */
  readonly text: string;
}

/** A step of sending: bytes, a pause in milliseconds, or a pattern to wait for in the answer. */
export type RawPart = string | number | RegExp;

/** Sends bytes as they are, and waits until HAProxy closes the connection. */
async function sendOnce(haproxy: Haproxy, parts: readonly RawPart[]): Promise<RawAnswer> {
  const socket = connect(haproxy.httpSocket).setEncoding('latin1');
  const deadline = performance.now() + TIMEOUT_MS;
  let text = '';
  let isOver = false;
  socket.on('data', (chunk: string) => (text += chunk));
  // HAProxy resets the connection if it has answered before all was sent.
  socket.on('error', () => {});
  const closed = once(socket, 'close', { signal: AbortSignal.timeout(TIMEOUT_MS) }).then(() => (isOver = true));
  socket.write(proxyLine('192.0.2.1'), 'latin1');
  for (const part of parts) {
    if (part instanceof RegExp) while (!part.test(text) && !isOver && performance.now() < deadline) await sleep(5);
    else if (typeof part === 'number') await sleep(part);
    else if (!isOver) socket.write(part, 'latin1');
  }
  await closed;
  const [head = ''] = text.split('\r\n\r\n', 1);
  const headers = head
    .split('\r\n')
    .slice(1)
    .map((line) => {
      const at = line.indexOf(':');
      return [line.slice(0, at).toLowerCase(), line.slice(at + 1).trim()] as const;
    });
  return { status: Number(/^HTTP\/1\.1 (\d+)/.exec(text)?.[1]), headers: Object.fromEntries(headers), text };
}

/** {@link sendOnce}, in time. */
export function sendRaw(haproxy: Haproxy, parts: readonly RawPart[]): Promise<RawAnswer> {
  return inTime(() => sendOnce(haproxy, parts));
}

/** A POST whose body has no length of its own: each text is a chunk, each number a pause. */
export function chunked(
  path: string,
  chunks: readonly (string | number)[],
  isWhole: boolean = true,
): (string | number)[] {
  const head = `POST ${path} HTTP/1.1\r\nhost: a.test\r\nconnection: close\r\ncontent-type: application/x-www-form-urlencoded\r\ntransfer-encoding: chunked\r\n\r\n`;
  const parts = chunks.map((chunk) =>
    typeof chunk === 'number' ? chunk : `${chunk.length.toString(16)}\r\n${chunk}\r\n`,
  );
  return [head, ...parts, ...(isWhole ? ['0\r\n\r\n'] : [])];
}
