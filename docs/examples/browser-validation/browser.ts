/** A real Chromium, for tests and benchmarks. */
import { mkdir, writeFile } from 'node:fs/promises';
import { connect, createServer, type Server } from 'node:net';
import { once } from 'node:events';
import { freePort } from '@spop-internal/testbed/ports';
import { proxyLine } from '@spop-internal/testbed/http-client';
import { type Browser, type BrowserContext, chromium } from 'playwright-core';

/** Names under `.test` lead to this machine, whatever they are: none of them is localhost, so that plain HTTP is no secure context. */
const HOSTS = '--host-resolver-rules=MAP *.test 127.0.0.1';

/** Starts one from the folder of its launcher. */
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

/** Starts one whose visitor has switched cookies off, with this folder as his profile. */
export async function launchWithoutCookies(folder: string, profile: string): Promise<BrowserContext> {
  await mkdir(`${profile}/Default`);
  const preferences = { profile: { default_content_setting_values: { cookies: 2 } } };
  await writeFile(`${profile}/Default/Preferences`, JSON.stringify(preferences));
  return chromium.launchPersistentContext(profile, optionsOf(folder));
}

function optionsOf(folder: string): { executablePath: string; args: string[] } {
  return { executablePath: `${folder}/chromium`, args: ['--no-sandbox', HOSTS] };
}
