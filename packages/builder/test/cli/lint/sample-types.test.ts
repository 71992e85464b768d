import { expect, it } from 'vitest';
import { mayBeNothing } from '../../../src/cli/lint/sample-types.ts';

it.each([
  ['req.hdr(cookie)', true],
  ['req.hdr_ip(x-forwarded-for,-1),ipmask(24)', true],
  ['req.cook(session),lower', true],
  ['url_param(id)', true],
  ['urlp(id)', true],
  ['query', true],
  ['var(txn.user)', true],
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
