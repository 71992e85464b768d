/** A real HAProxy with the example's configuration, and a small web site behind it. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { Haproxy } from '@spop-internal/testbed/haproxy/haproxy';
import { HttpClient } from '@spop-internal/testbed/http-client';
import { Origin } from '@spop-internal/testbed/origin';
import { freePort } from '@spop-internal/testbed/ports';
import type { Answer, Front } from './front.ts';

const CONFIG = new URL('../haproxy.cfg', import.meta.url);

/** A HAProxy program and the first line of its `-v`. */
export interface HaproxyProgram {
  readonly path: string;
  readonly banner: string;
}

/**
 * The HAProxy that `$HAPROXY` names, or the one on the PATH; undefined if there is none.
 *
 * @throws Error if `$HAPROXY` names a program that does not run.
 */
export async function findHaproxy(): Promise<HaproxyProgram | undefined> {
  const named = process.env['HAPROXY'];
  // Debian installs it in a folder that may not be on a user's PATH.
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
  const site = await Origin.start('Hello from the site behind HAProxy.\n');
  const env = {
    APP_ADDR: site.address,
    HTTP_ADDR: process.env['HTTP_ADDR'] ?? `127.0.0.1:${await freePort()}`,
    PROXY_ADDR: process.env['PROXY_ADDR'] ?? `127.0.0.1:${await freePort()}`,
    SPOE_ADDR: spoeAddress,
  };
  const entry = address(env.PROXY_ADDR);
  let haproxy: Haproxy;
  try {
    haproxy = await Haproxy.start({ program: program.path, config: CONFIG, env, entry });
  } catch (error) {
    site.stop();
    throw error;
  }
  const clients = new Map<string, HttpClient>();

  const ask = async (from: string): Promise<Answer> => {
    const client = clients.get(from) ?? new HttpClient(entry, { from });
    clients.set(from, client);
    const { status, statusText, headers } = await client.request();
    const score = headers['x-ip-score'];
    const error = headers['x-spoe-error'];
    return {
      score: score === undefined ? undefined : Number(score),
      outcome: `${status} ${statusText}`,
      denied: status === 403,
      error: error === undefined ? undefined : `txn.reputation.error is ${error}`,
    };
  };
  return {
    title: `${program.banner} (${program.path}), with docs/examples/ip-reputation/haproxy.cfg`,
    measures: 'a whole HTTP request through HAProxy, the agent asked on the way',
    usage: [
      `curl -i http://${env.HTTP_ADDR}/`,
      `curl -i --haproxy-clientip 10.1.2.3 http://${env.PROXY_ADDR}/     (curl 8.2 and later: as another client)`,
    ],
    broken: haproxy.ended.then((ending) => `HAProxy ended with ${ending}:\n${haproxy.log}`),
    ask,
    close: async () => {
      for (const client of clients.values()) client.stop();
      await haproxy.stop();
      site.stop();
    },
  };
}

function address(text: string): { host: string; port: number } {
  const url = new URL(`http://${text}`);
  return { host: url.hostname.replaceAll(/[[\]]/g, ''), port: Number(url.port || 80) };
}
