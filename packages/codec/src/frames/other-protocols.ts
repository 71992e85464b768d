/** The first four bytes of other protocols, where SPOP has FRAME-LENGTH. */
const FIRST_BYTES: Readonly<Record<string, string>> = {
  PROX: proxyProtocol('send-proxy'),
  '\r\n\r\n': proxyProtocol('send-proxy-v2'),
  'PRI ': "HTTP/2. Remove 'proto h2' from HAProxy's server line",
  OPTI: http('HTTP (OPTIONS)'),
  'GET ': http('HTTP (GET)'),
  HEAD: http('HTTP (HEAD)'),
  POST: http('HTTP (POST)'),
  'PUT ': http('HTTP (PUT)'),
  PATC: http('HTTP (PATCH)'),
  DELE: http('HTTP (DELETE)'),
  CONN: http('HTTP (CONNECT)'),
  TRAC: http('HTTP (TRACE)'),
};

/** A TLS record with a handshake, 0x16, of SSL 3.0 to TLS 1.3: the version's first byte is 3. */
const TLS_HANDSHAKE = 0x1603;

const TLS = "TLS. Remove 'ssl' from HAProxy's server line, or let the agent's port speak TLS (docs/examples/tls)";

/**
 * A sentence on the protocol that begins with the four bytes of `length`, and on the word of HAProxy's configuration that selects
 * it; undefined when HAProxy speaks no such protocol to a server.
 */
export function otherProtocol(length: number): string | undefined {
  if (length >>> 16 === TLS_HANDSHAKE) return TLS;
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(length >>> 0);
  return FIRST_BYTES[bytes.toString('latin1')];
}

function proxyProtocol(word: string): string {
  const version = word === 'send-proxy' ? 'v1' : 'v2';
  return `the PROXY protocol ${version}. Remove '${word}' from HAProxy's server line`;
}

function http(name: string): string {
  return `${name}. If HAProxy sends it, write 'option spop-check' instead of 'option httpchk'; otherwise an HTTP client has connected`;
}
