import { expect, it } from 'vitest';
import { isTakeoverDue } from './takeover.ts';

const master = (flags: string): string => `a1 192.0.2.7:6379@16379,valkey-0.valkey ${flags} - 0 1 1 connected 0-5460`;
const OTHER = 'b2 192.0.2.8:6379@16379 myself,master - 0 1 2 connected 5461-16383';
const REPLICA = 'c3 192.0.2.9:6379@16379 slave a1 0 1 1 connected';

it.each([
  ['failed, with a replica', [master('master,fail'), OTHER, REPLICA], true],
  ['perhaps failed, with a replica', [master('master,fail?'), OTHER, REPLICA], true],
  ['failed, without one', [master('master,fail'), OTHER], false],
  ['well, with a replica', [master('master'), OTHER, REPLICA], false],
  ['failed, and a replica itself by now', [master('slave,fail').replace(' - ', ' c3 '), OTHER], false],
  ['not known', [OTHER, REPLICA], false],
])('a server that is %s', (_, lines, isDue) => {
  expect(isTakeoverDue(`${lines.join('\n')}\n`, '192.0.2.7:6379')).toBe(isDue);
  expect(isTakeoverDue(`${lines.join('\n')}\n`, 'valkey-0.valkey:6379')).toBe(isDue);
});

it('finds a server by its IPv6 address', () => {
  const nodes = [master('master,fail').replace('192.0.2.7', '2001:db8::7'), REPLICA].join('\n');
  expect(isTakeoverDue(nodes, '2001:db8::7:6379')).toBe(true);
  expect(isTakeoverDue(nodes, '2001:db8::8:6379')).toBe(false);
});
