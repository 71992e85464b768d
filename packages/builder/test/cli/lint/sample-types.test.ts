import { describe, expect, it } from 'vitest';
import { canTake, mayBeNothing, readsData } from '../../../src/cli/lint/sample-types.ts';

describe('mayBeNothing', () => {
  it.each([
    ['req.hdr(cookie)', true],
    ['req.hdr_ip(x-forwarded-for,-1),ipmask(24)', true],
    ['req.cook(session),lower', true],
    ['url_param(id)', true],
    ['urlp(id)', true],
    ['query', true],
    ['var(txn.user)', true],
    ['var(txn.user),set-var(txn.name,ifnotexists)', true],
    ['var(txn.user,str(nobody))', false],
    ['ssl_c_s_dn(cn)', true],
    ['ssl_c_used', false],
    ['ssl_fc_sni', true],
    ['ssl_fc', false],
    ['src', false],
    ['path', false],
    ['method', false],
    ['req.body', false],
    ['str(req.hdr)', false],
    ['', false],
  ])('whether HAProxy may have no value for %j: %s', (expression, expected) => {
    expect(mayBeNothing(expression)).toBe(expected);
  });
});

describe('canTake', () => {
  it.each([
    [['string'], 'string', true],
    [['binary', 'string'], 'string', true],
    [['string', 'binary'], 'string', true],
    [['binary'], 'string', false],
    [[], 'string', false],
    [['interned'], 'string', true],
    [['ipv4'], 'address', true],
    [['ipv6'], 'address', true],
    [['uint64'], 'integer', true],
    [['bool'], 'integer', false],
  ] as const)('whether %j takes %s: %s', (kinds, type, expected) => {
    expect(canTake(kinds, type)).toBe(expected);
  });
});

describe('readsData', () => {
  it.each([
    ['req.payload(0,4)', true],
    ['req.len', true],
    ['req_len', true],
    ['req.ssl_sni,lower', true],
    ['req.rdp_cookie(a)', true],
    ['req_proto_http', true],
    ['payload(0,4)', true],
    ['hdr(host)', true],
    ['str(a),concat(path)', true],
    ['var(txn.path)', false],
    ['var(sess.req.len)', false],
    ['my-path', false],
    ['base_path', false],
    ['src', false],
    ['', false],
  ])('whether %j has bytes of the client: %s', (expression, expected) => {
    expect(readsData(expression)).toBe(expected);
  });
});
