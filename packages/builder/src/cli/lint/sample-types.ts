/** The type of a sample expression, by the kinds of declared types that take it. */
export type SampleType = 'address' | 'integer' | 'bool' | 'string' | 'binary';

/** Fetches by their type (configuration manual, §7.3). */
const FETCHES: Readonly<Record<SampleType, readonly string[]>> = {
  address: ['src', 'dst', 'fc_src', 'fc_dst', 'bc_src', 'bc_dst'],
  integer: [
    'src_port',
    'dst_port',
    'status',
    'req.body_len',
    'req.body_size',
    'req.hdr_cnt',
    'req.len',
    'res.hdr_cnt',
    'res.body_len',
    'res.body_size',
    'res.len',
    'int',
    'date',
    'rand',
    'pid',
    'nbsrv',
    'fe_id',
    'be_id',
    'ssl_fc_alg_keysize',
  ],
  bool: ['ssl_fc', 'ssl_fc_has_sni', 'ssl_c_used', 'ssl_fc_has_crt', 'bool', 'always_true', 'always_false'],
  string: [
    'method',
    'path',
    'pathq',
    'query',
    'url',
    'base',
    'req.hdr',
    'req.fhdr',
    'req.hdrs',
    'req.hdr_names',
    'req.cook',
    'req.ver',
    'res.hdr',
    'res.fhdr',
    'res.hdrs',
    'res.hdr_names',
    'res.ver',
    'hdr',
    'url_param',
    'urlp',
    'str',
    'unique-id',
    'uuid',
    'fe_name',
    'be_name',
    'hostname',
    'ssl_fc_sni',
    'ssl_fc_protocol',
    'ssl_fc_cipher',
    'ssl_fc_alpn',
    'req.ssl_sni',
    'req_ssl_sni',
  ],
  binary: [
    'req.body',
    'res.body',
    'req.hdrs_bin',
    'res.hdrs_bin',
    'req.payload',
    'res.payload',
    'ssl_c_der',
    'ssl_fc_session_id',
  ],
};

/** Converters by their type, for those that give the same type for every input (configuration manual, §7.3.1). */
const CONVERTERS: Readonly<Record<SampleType, readonly string[]>> = {
  address: ['ipmask'],
  integer: ['length', 'bytes_count', 'xxh32', 'crc32', 'djb2', 'wt6', 'add', 'sub', 'mul', 'div', 'mod', 'strcmp'],
  bool: ['bool', 'not', 'odd', 'even'],
  string: ['lower', 'upper', 'hex', 'base64', 'url_dec', 'regsub', 'field', 'word', 'json', 'concat'],
  binary: ['sha1', 'sha2', 'digest', 'b64dec', 'hmac'],
};

/** The type of a sample expression; undefined if it is not certain. */
export function sampleTypeOf(expression: string): SampleType | undefined {
  const parts = partsOf(expression);
  const last = parts.at(-1);
  if (last === undefined || expression.includes('$')) return undefined;
  return typeIn(parts.length === 1 ? FETCHES : CONVERTERS, last);
}

function typeIn(table: Readonly<Record<SampleType, readonly string[]>>, name: string): SampleType | undefined {
  const types = ['address', 'integer', 'bool', 'string', 'binary'] as const;
  return types.find((type) => table[type].includes(name));
}

/** The names of the fetch and its converters, without their arguments. */
function partsOf(expression: string): string[] {
  const parts: string[] = [];
  let part = '';
  let depth = 0;
  for (const character of expression) {
    if (character === '(') depth++;
    else if (character === ')') depth--;
    else if (depth > 0) continue;
    else if (character === ',') {
      parts.push(part);
      part = '';
    } else part += character;
  }
  return [...parts, part];
}

/** Fetches that give nothing for some requests or connections (configuration manual, §7.3), whatever converts them. */
const MAYBE_NOTHING =
  /^(?:(?:req|res)\.(?:hdr|fhdr|hdr_ip|hdr_val|cook|cook_val|body_param)|s?hdr|s?cook|url_?param|urlp|urlp_val|query|ssl_c_\w+|ssl_fc_(?:sni|alpn|npn|session_id)|req[._]ssl_sni|fc_pp_\w+)$/;

/** Whether a sample expression may give nothing, which HAProxy sends as NULL. False when it is not known for sure. */
export function mayBeNothing(expression: string): boolean {
  const [fetch = ''] = partsOf(expression);
  if (fetch === 'ssl_c_used') return false;
  // A second argument of var() is its default.
  return MAYBE_NOTHING.test(fetch) || (fetch === 'var' && !/^var\([^),]*,/.test(expression));
}

/** The kinds of declared types that take each sample type; `src` may give an address of either family. */
const TAKES: Readonly<Record<SampleType, readonly string[]>> = {
  address: ['address', 'ipv4', 'ipv6'],
  integer: ['integer', 'int32', 'uint32', 'int64', 'uint64'],
  bool: ['bool'],
  string: ['string', 'interned'],
  binary: ['binary'],
};

/** Whether a declared type of these kinds can take a sample of this type. */
export function canTake(kinds: readonly string[], type: SampleType): boolean {
  return kinds.some((kind) => TAKES[type].includes(kind));
}

/** Whether an expression reads bytes of a TCP client, which have not come when the client has just connected. */
export function readsData(expression: string): boolean {
  return /(?<![\w.-])(?:req\.(?:payload|len|ssl_|rdp_|proto)|req_(?:len|ssl_|proto_)|payload|path|method|url|hdr|req\.hdr)/.test(
    expression,
  );
}
