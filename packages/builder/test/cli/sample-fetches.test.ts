import { describe, expect, it } from 'vitest';
import { isOnResponse, sampleFor } from '../../src/cli/sample-fetches.ts';
import { argument } from './lint/faults.ts';

describe('isOnResponse', () => {
  it.each([
    ['response', true],
    ['res', true],
    ['Response', true],
    ['check-response', true],
    ['response-check', true],
    ['check_res_body', true],
    ['on.response', true],
    ['res:check', true],
    ['check-request', false],
    ['responses', false],
    ['resource', false],
    ['address', false],
    ['firesponse', false],
    ['resp', false],
    ['', false],
  ])('of a message %j: %s', (name, expected) => {
    expect(isOnResponse({ name, args: [] })).toBe(expected);
  });
});

describe('sampleFor', () => {
  const onRequest = { name: 'check', args: [] };
  const onResponse = { name: 'check-response', args: [] };

  it.each([
    ['ip', 'address', 'src'],
    ['Client-IP', 'ipv4', 'src'],
    ['dst', 'ipv6', 'dst'],
    ['port', 'integer', 'src_port'],
    ['dst-port', 'int64', 'dst_port'],
    ['size', 'uint32', 'req.body_size'],
    ['tls', 'bool', 'ssl_fc'],
    ['id', 'string', 'unique-id'],
    ['User-Agent', 'interned', 'req.hdr(user-agent)'],
    ['headers', 'string', 'req.hdrs'],
    ['headers', 'binary', 'req.hdrs_bin'],
    ['body', 'binary', 'req.body'],
  ])('knows the argument %s of type %s: %s', (name, kind, expression) => {
    expect(sampleFor(onRequest, argument(name, kind))).toEqual({ expression, isNamed: true });
  });

  it.each([
    ['ip', 'address', 'src'],
    ['status', 'integer', 'status'],
    ['headers', 'string', 'res.hdrs'],
    ['headers', 'binary', 'res.hdrs_bin'],
    ['body', 'binary', 'res.body'],
  ])('knows the argument %s of type %s with the response: %s', (name, kind, expression) => {
    expect(sampleFor(onResponse, argument(name, kind))).toEqual({ expression, isNamed: true });
  });

  it.each([
    ['a name of another type', onRequest, argument('port', 'address'), 'src'],
    ['an address of one family', onRequest, argument('x', 'ipv4'), 'src'],
    ['an address of the other', onRequest, argument('x', 'ipv6'), 'src'],
    ['a size with the response', onResponse, argument('size', 'integer'), 'int(0)'],
    ['a status with the request', onRequest, argument('status', 'int32'), 'int(0)'],
    ['a name that objects have', onRequest, argument('constructor', 'string'), 'req.hdr(constructor)'],
    ['several words', onRequest, argument('X.Real_Ip:a-b', 'string'), 'req.hdr(x-real-ip-a-b)'],
    ['a header with the response', onResponse, argument('path', 'string'), 'res.hdr(path)'],
  ])('goes by the type of %s', (_, message, declared, expression) => {
    expect(sampleFor(message, declared)).toEqual({ expression, isNamed: false });
  });
});
