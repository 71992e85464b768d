/** The agent's address as SPOE_ADDR gives it. */
import { isIPv6 } from 'node:net';

/** Where to listen: a TCP address, or the path of a unix socket. */
export type ListenAddress = { readonly host: string; readonly port: number } | { readonly path: string };

const FORMS = '"127.0.0.1:9000", "[::1]:9000" or "unix:/run/spop.sock"';

/**
 * Reads `host:port`, `[IPv6]:port`, `unix:/path`, or `unix@/path` as HAProxy spells it. Port 0 is any free one.
 *
 * @throws Error that says what is wrong with `text` and what an address looks like.
 */
export function parseListenAddress(text: string): ListenAddress {
  const unix = /^unix[:@](.*)$/s.exec(text);
  if (unix?.[1] !== undefined) {
    if (!unix[1].startsWith('/')) throw new Error(`"${text}" has no absolute path; expected ${FORMS}`);
    return { path: unix[1] };
  }
  const { host, port } = /^(?<host>\[[^[\]]+\]|[^:[\]\s]+):(?<port>\d{1,5})$/.exec(text)?.groups ?? {};
  if (host === undefined || port === undefined) throw new Error(`"${text}" is no address; expected ${FORMS}`);
  if (Number(port) > 65_535) throw new Error(`"${text}" has port ${port}; the highest is 65535`);
  if (!host.startsWith('[')) return { host, port: Number(port) };
  const address = host.slice(1, -1);
  if (!isIPv6(address)) throw new Error(`"${address}" is no IPv6 address; expected ${FORMS}`);
  return { host: address, port: Number(port) };
}

/** The same form back: what to write into HAProxy's `server` line. */
export function formatListenAddress(address: ListenAddress | { readonly fd: number }): string {
  if ('fd' in address) return `fd@${address.fd}`;
  if ('path' in address) return `unix@${address.path}`;
  return address.host.includes(':') ? `[${address.host}]:${address.port}` : `${address.host}:${address.port}`;
}
