import {
  binary,
  bool,
  defineMessage,
  defineVariable,
  int32,
  int64,
  ipv4,
  ipv6,
  string,
  uint32,
  uint64,
  type Actions,
  type ScopeName,
} from '@spop/codec';
import { describe, expect, it } from 'vitest';
import { prefixed, type Configuration } from '@spop-internal/testbed/haproxy/config';
import { describeHaproxies } from '@spop-internal/testbed/vitest';
import { createReportingAgent, listenOnPort, startRig } from './haproxy-rig.ts';

/** One variable of every type in a scope. */
function variablesIn(scope: ScopeName) {
  return {
    yes: defineVariable(scope, 'yes', bool),
    no: defineVariable(scope, 'no', bool),
    int32: defineVariable(scope, 'int32', int32),
    uint32: defineVariable(scope, 'uint32', uint32),
    int64: defineVariable(scope, 'int64', int64),
    uint64: defineVariable(scope, 'uint64', uint64),
    ipv4: defineVariable(scope, 'ipv4', ipv4),
    ipv6: defineVariable(scope, 'ipv6', ipv6),
    string: defineVariable(scope, 'string', string),
    binary: defineVariable(scope, 'binary', binary),
    nothing: defineVariable(scope, 'nothing', string),
  };
}

/** The values of {@link setAll} as HAProxy shows them; it keeps every integer as a signed one of 64 bits. */
const EXPECTED = {
  yes: '1',
  no: '0',
  int32: '-2147483648',
  uint32: '4294967295',
  int64: '-9223372036854775808',
  uint64: '-1',
  ipv4: '192.0.2.1',
  ipv6: '2001:db8::1',
  string: 'h€llo',
  binary: '00FF41',
  nothing: '',
};
const NAMES = Object.keys(EXPECTED);
const SCOPES: readonly ScopeName[] = ['proc', 'sess', 'txn', 'req', 'res'];
const VARIABLES = Object.fromEntries(SCOPES.map((scope) => [scope, variablesIn(scope)]));

function setAll(ack: Actions, scope: string): void {
  const variables = VARIABLES[scope];
  if (variables === undefined) throw new Error(`no scope ${scope}`);
  ack.set(variables.yes, true).set(variables.no, false);
  ack.set(variables.int32, -(2 ** 31)).set(variables.uint32, 2 ** 32 - 1);
  ack.set(variables.int64, -(2n ** 63n)).set(variables.uint64, 2n ** 64n - 1n);
  ack.set(variables.ipv4, '192.0.2.1').set(variables.ipv6, '2001:db8::1');
  ack.set(variables.string, 'h€llo').set(variables.binary, Buffer.from('00ff41', 'hex'));
  ack.set(variables.nothing, 'before').setNull(variables.nothing);
}

function headerOf(scope: ScopeName, name: string): string {
  return `x-${scope}-${name}`;
}

/** The sample that shows a variable in a header. */
function sample(scope: ScopeName, name: string): string {
  return `%[var(${prefixed(`${scope}.${name}`)})${name === 'binary' ? ',hex' : ''}]`;
}

/** Only rules of the request see a variable of scope req, only rules of the response one of scope res. */
const CONFIGURATION: Configuration = {
  messages: {
    'set-at-request': {
      args: 'scope=req.hdr(x-scope)',
      event: 'on-frontend-http-request if { req.hdr(x-scope) -m found }',
    },
    'set-at-response': { event: 'on-http-response' },
  },
  frontendLines: [
    ...SCOPES.filter((scope) => scope !== 'res').map((scope) => {
      const headers = NAMES.map((name) => `hdr ${headerOf(scope, name)} "${sample(scope, name)}"`);
      return `http-request return status 200 ${headers.join(' ')} if { req.hdr(x-scope) ${scope} }`;
    }),
    ...NAMES.map((name) => `http-response set-header ${headerOf('res', name)} "${sample('res', name)}"`),
  ],
};

describeHaproxies('values', (release) => {
  describe('every data type', () => {
    it.each(SCOPES)('comes back from scope %s as it was set', async (scope) => {
      const { agent } = createReportingAgent();
      agent.onMessage(defineMessage('set-at-request', { scope: string }), (message, ack) => {
        setAll(ack, message.scope.toString());
      });
      agent.onMessage(defineMessage('set-at-response', {}), (_, ack) => setAll(ack, 'res'));
      const { client } = await startRig(release, await listenOnPort(agent), CONFIGURATION);
      const { headers } = await client.request(scope === 'res' ? {} : { headers: { 'x-scope': scope } });
      const shown = NAMES.map((name) => {
        // HAProxy may leave out a header that would be empty.
        const value = headers[headerOf(scope, name)] ?? '';
        return [name, Buffer.from(value, 'latin1').toString('utf8')];
      });
      expect(Object.fromEntries(shown)).toEqual(EXPECTED);
      expect(headers['x-error']).toBeUndefined();
    });
  });

  it('unsets a variable of the session, and leaves its others', async () => {
    const [kept, gone] = [defineVariable('sess', 'kept', int32), defineVariable('sess', 'gone', int32)];
    const { agent } = createReportingAgent();
    agent.onMessage(defineMessage('set', {}), (_, ack) => void ack.set(kept, 1).set(gone, 2));
    agent.onMessage(defineMessage('unset', {}), (_, ack) => void ack.unset(gone));
    const { client } = await startRig(release, await listenOnPort(agent), {
      messages: {
        set: { event: 'on-frontend-http-request if { path /set }' },
        unset: { event: 'on-frontend-http-request if { path /unset }' },
      },
      shown: { 'x-kept': 'sess.kept', 'x-gone': 'sess.gone' },
    });
    const shown: unknown[] = [];
    for (const path of ['/set', '/neither', '/unset', '/neither']) {
      const { headers } = await client.request({ path });
      shown.push([path, headers['x-kept'], headers['x-gone'], headers['x-error']]);
    }
    expect(client.connections).toBe(1);
    expect(shown).toEqual([
      ['/set', '1', '2', undefined],
      ['/neither', '1', '2', undefined],
      ['/unset', '1', undefined, undefined],
      ['/neither', '1', undefined, undefined],
    ]);
  });
});
