/** A real Chromium, for tests and benchmarks. */
import { mkdir, writeFile } from 'node:fs/promises';
import { connect, createServer, type Server } from 'node:net';
import { once } from 'node:events';
import { Origin } from '@spop-internal/testbed/origin';
import { freePort } from '@spop-internal/testbed/ports';
import { proxyLine } from '@spop-internal/testbed/http-client';
import { type Browser, type BrowserContext, chromium } from 'playwright-core';

/** All names under `.test` lead to this machine. None is localhost, so that plain HTTP is not a secure context. */
const HOSTS = '--host-resolver-rules=MAP *.test 127.0.0.1';

/** Starts a Chromium from the folder of its launcher. */
export function launch(folder: string): Promise<Browser> {
  return chromium.launch(optionsOf(folder));
}

/** A port of 127.0.0.1 whose connections reach HAProxy as those of a client with another address. */
export class Relay {
  readonly port: number;
  readonly #server: Server;

  private constructor(port: number, server: Server) {
    this.port = port;
    this.#server = server;
  }

  /** @param target the path of the socket that takes the PROXY protocol. */
  static async start(target: string, from: string): Promise<Relay> {
    const server = createServer((client) => {
      const proxied = connect(target);
      proxied.write(proxyLine(from), 'latin1');
      client.pipe(proxied).pipe(client);
      for (const socket of [client, proxied]) {
        socket.on('error', () => {});
        socket.on('close', () => [client, proxied].forEach((each) => each.destroy()));
      }
    });
    const port = await freePort();
    await once(server.listen(port, '127.0.0.1'), 'listening');
    return new Relay(port, server);
  }

  stop(): void {
    this.#server.close();
  }
}

/** Starts a Chromium with cookies switched off, and this folder as its profile. */
export async function launchWithoutCookies(folder: string, profile: string): Promise<BrowserContext> {
  await mkdir(`${profile}/Default`);
  const preferences = { profile: { default_content_setting_values: { cookies: 2 } } };
  await writeFile(`${profile}/Default/Preferences`, JSON.stringify(preferences));
  return chromium.launchPersistentContext(profile, optionsOf(folder));
}

function optionsOf(folder: string): { executablePath: string; args: string[] } {
  return { executablePath: `${folder}/chromium`, args: ['--no-sandbox', '--disable-dev-shm-usage', HOSTS] };
}

/** Workers that die at once, instead of the browser's. */
export const DYING_WORKERS: string = `globalThis.Worker = class extends EventTarget {
  constructor() { super(); setTimeout(() => this.dispatchEvent(new Event('error'))); }
  postMessage() {}
  terminate() {}
}`;

/** Workers that never finish, and leave the processor to the checks of the page. */
export const IDLE_WORKERS: string = `globalThis.Worker = class extends EventTarget {
  postMessage() {
    let tried = 0;
    const tell = () => this.dispatchEvent(new MessageEvent('message', { data: { tried: (tried += 8_000) } }));
    setInterval(tell, 200);
  }
  terminate() {}
}`;

/** A site whose pages show the request; one has a form. */
export function startSite(): Promise<Origin> {
  return Origin.serve(({ method, url }, response) => {
    response.setHeader('content-type', 'text/html');
    const form = '<form method="post" action="/order"><input name="item" autofocus><button>Send</button></form>';
    response.end(`<!doctype html><title>site</title><p id="site">${method} ${url}</p><a href="/next">next</a>${form}`);
  });
}
