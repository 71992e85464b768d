import type { DeclaredArgument, DeclaredMessage } from './definitions.ts';

/** A sample expression of HAProxy for an argument. */
export interface Sample {
  readonly expression: string;
  /** Whether it was chosen by the argument's name, and not only by its type. */
  readonly isNamed: boolean;
}

/** Expressions for common names of arguments, by the type of the expression. Names are in lower case, with `_` for `-`. */
const NAMED: Readonly<Record<'address' | 'integer' | 'bool' | 'string' | 'binary', Readonly<Record<string, string>>>> =
  {
    address: {
      ip: 'src',
      src: 'src',
      client: 'src',
      client_ip: 'src',
      src_ip: 'src',
      address: 'src',
      dst: 'dst',
      dst_ip: 'dst',
    },
    integer: { port: 'src_port', src_port: 'src_port', client_port: 'src_port', dst_port: 'dst_port' },
    bool: { tls: 'ssl_fc', ssl: 'ssl_fc', https: 'ssl_fc', is_tls: 'ssl_fc' },
    string: {
      id: 'unique-id',
      unique_id: 'unique-id',
      request_id: 'unique-id',
      sni: 'ssl_fc_sni',
      frontend: 'fe_name',
    },
    binary: {},
  };

const ON_REQUEST: typeof NAMED = {
  address: {},
  integer: { size: 'req.body_size', body_size: 'req.body_size', body_len: 'req.body_len', length: 'req.body_size' },
  bool: {},
  string: {
    method: 'method',
    path: 'path',
    query: 'query',
    url: 'url',
    uri: 'url',
    version: 'req.ver',
    ver: 'req.ver',
    ua: 'req.hdr(user-agent)',
    user_agent: 'req.hdr(user-agent)',
    host: 'req.hdr(host)',
    referer: 'req.hdr(referer)',
    cookie: 'req.hdr(cookie)',
    authorization: 'req.hdr(authorization)',
    cookies: 'req.hdr(cookie)',
    xff: 'req.hdr(x-forwarded-for)',
    headers: 'req.hdrs',
  },
  binary: { body: 'req.body', headers: 'req.hdrs_bin' },
};

const ON_RESPONSE: typeof NAMED = {
  address: {},
  integer: { status: 'status', code: 'status' },
  bool: {},
  string: { method: 'method', version: 'res.ver', ver: 'res.ver', headers: 'res.hdrs' },
  binary: { body: 'res.body', headers: 'res.hdrs_bin' },
};

type Family = keyof typeof NAMED;

/** Whether a message is about responses, judged by its name. */
export function isOnResponse({ name }: DeclaredMessage): boolean {
  return /(?:^|[-_.:])res(?:ponse)?(?:[-_.:]|$)/i.test(name);
}

/** The most likely expression for an argument, of the right type in any case. */
export function sampleFor(message: DeclaredMessage, { name, kind }: DeclaredArgument): Sample {
  const family = familyOf(kind);
  const key = name.toLowerCase().replaceAll('-', '_');
  const known = { ...NAMED[family], ...(isOnResponse(message) ? ON_RESPONSE : ON_REQUEST)[family] };
  const expression = Object.hasOwn(known, key) ? known[key] : undefined;
  if (expression !== undefined) return { expression, isNamed: true };
  return { expression: byType(family, key, isOnResponse(message)), isNamed: false };
}

function familyOf(kind: string): Family {
  if (kind === 'bool' || kind === 'binary') return kind;
  if (kind === 'address' || kind === 'ipv4' || kind === 'ipv6') return 'address';
  return kind === 'string' || kind === 'interned' ? 'string' : 'integer';
}

function byType(family: Family, key: string, isResponse: boolean): string {
  switch (family) {
    case 'address':
      return 'src';
    case 'integer':
      return 'int(0)';
    case 'bool':
      return 'bool(false)';
    case 'binary':
      return isResponse ? 'res.body' : 'req.body';
    case 'string':
      return `${isResponse ? 'res' : 'req'}.hdr(${key.replaceAll(/[_.:]/g, '-')})`;
  }
}
