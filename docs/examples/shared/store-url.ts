/** Reads the URL of a server of Valkey or Redis. */

/**
 * Reads the URL of a server: `redis://user:password@host:6379`, or `rediss:` for TLS.
 *
 * @throws Error with `expected`, which says what the setting takes.
 */
export function parseStoreUrl(text: string, expected: string): URL {
  const url = URL.parse(text);
  if (url === null || !/^rediss?:$/.test(url.protocol) || url.hostname === '') throw new Error(`expected ${expected}`);
  return url;
}
