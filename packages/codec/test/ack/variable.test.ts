import { describe, expect, it } from 'vitest';
import { AckWriter, defineVariable, int32, type ScopeName, SCOPE_NAMES, string } from '../../src/index.ts';
import { thrown, toHex } from '../bytes.ts';

describe('defineVariable', () => {
  it('encodes scope and name as in an action', () => {
    const variable = defineVariable('sess', 'ip_score', int32);
    expect([variable.scope, variable.name, variable.kind]).toEqual(['sess', 'ip_score', 'int32']);
    const ack = new AckWriter();
    const bytes = Buffer.alloc(100);
    ack.beginAck(bytes, 0, bytes.length, { bytes: Buffer.from([1, 1]), idsStart: 0, payloadStart: 2 });
    const start = ack.byteLength;
    ack.setNull(variable).unset(variable);
    const name = '08' + toHex(Buffer.from('ip_score'));
    expect(toHex(bytes, start, ack.byteLength)).toBe(`010301${name}00` + `020201${name}`);
  });

  it.each(['a', 'A', '0', '_', '.', 'a.b', 'Ip_Score.9', 'my.own.name'])('takes the name %j', (name) => {
    expect(defineVariable('txn', name, string).name).toBe(name);
  });

  it.each(['', ' ', 'a b', 'a-b', 'é', 'a\u0000', 'a,b', 'a\n', '(a)', 'a$', '😀'])('refuses the name %j', (name) => {
    const error = thrown(() => defineVariable('txn', name, string));
    expect([error.code, error.status]).toEqual(['SPOP_INVALID_NAME', undefined]);
    expect(error.reason).toContain(JSON.stringify(name));
  });

  it.each(SCOPE_NAMES)('takes names in scope %s that leave one byte for the prefix within 63 bytes', (scope) => {
    const longest = 63 - `${scope}.p.`.length;
    expect(defineVariable(scope, 'x'.repeat(longest), string).name).toHaveLength(longest);
    expect(thrown(() => defineVariable(scope, 'x'.repeat(longest + 1), string)).code).toBe('SPOP_INVALID_NAME');
  });

  it.each(['', 'PROC', 'session', 'check', 'toString', '__proto__', 'constructor'])('refuses the scope %j', (scope) => {
    expect(thrown(() => defineVariable(scope as ScopeName, 'x', string)).code).toBe('SPOP_INVALID_NAME');
  });
});
