import { address, defineMessage, int32, optional, string } from '@spop/codec';
import { describe, expect, it } from 'vitest';
import { argumentAdvice } from '../../src/observe/argument-advice.ts';
import { eventually, startAgent, takeAdvice } from '../harness.ts';

const check = defineMessage('check', { ip: address, authorization: optional(string), port: optional(int32) });

describe('argumentAdvice', () => {
  it.each([
    ['as declared', ['ip', 'authorization', 'port']],
    ['in another order and repeated', ['port', 'ip', 'port', 'authorization']],
  ])('is undefined if the arguments are %s', (_, found) => {
    expect(argumentAdvice(check, found)).toBeUndefined();
  });

  it.each([
    [
      'a required one that is absent, and what was sent instead: warn, and a warning',
      ['', 'authorization', 'port'],
      'warn',
      'message "check" has no argument "ip", but has "" without a declaration. Write ip=… in the args line of its spoe-message section: ' +
        'without a name a sample comes under "". This is reported once',
      'SPOP_ARGUMENT_ABSENT',
    ],
    [
      'an optional one that is absent, and what was sent instead: info, and a warning',
      ['ip', '', 'port', '', 'x\n'],
      'info',
      String.raw`message "check" has no argument "authorization", but has "", "x\n" without a declaration. Write authorization=… in the args ` +
        'line of its spoe-message section: without a name a sample comes under "". This is reported once',
      'SPOP_ARGUMENT_ABSENT',
    ],
    [
      'optional ones that are absent: info',
      ['ip'],
      'info',
      'message "check" has no argument "authorization", "port". Write authorization=… in the args line of its spoe-message ' +
        'section: without a name a sample comes under "". This is reported once',
      undefined,
    ],
    [
      'undeclared ones alone: debug',
      ['ip', 'authorization', 'port', 'host'],
      'debug',
      'message "check" has arguments that are not declared: "host". This is reported once',
      undefined,
    ],
  ])('names %s', (_, found, level, message, warningCode) => {
    expect(argumentAdvice(check, found)).toMatchObject({ level, message, warningCode });
  });

  it('has the names among its details', () => {
    expect(argumentAdvice(check, ['ip', ''])?.details).toEqual({
      event: 'arguments',
      messages: ['check'],
      absent: ['authorization', 'port'],
      undeclared: [''],
    });
  });

  it('does not count an inherited property as a declared argument', () => {
    const bare = defineMessage('bare', {});
    expect(argumentAdvice(bare, ['toString'])?.details).toMatchObject({ undeclared: ['toString'] });
  });
});

describe('the first message of a declaration', () => {
  const silent = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

  it('is reported once, by the logger', async () => {
    const lines: [details: object, message: string][] = [];
    const note = (details: object, message: string): void => void lines.push([details, message]);
    const { connect } = await startAgent({
      logger: { ...silent, info: note, warn: note },
      setup: (agent) => {
        agent.onMessage(check, () => {});
        agent.onMessage(defineMessage('fine', { a: int32 }), () => {});
      },
    });
    const peer = await connect();
    for (let i = 0; i < 40; i++) {
      await peer.notify((built) => built.message('check', { ip: null, '': 'Bearer x' }).message('fine', { a: 1 }));
    }
    await peer.notify((built) => built.message('check'));
    expect(lines.filter(([details]) => Reflect.get(details, 'event') === 'arguments')).toEqual([
      [
        { event: 'arguments', messages: ['check'], absent: ['authorization', 'port'], undeclared: [''] },
        expect.stringMatching(
          /^message "check" has no argument "authorization", "port", but has "" without a declaration\./,
        ),
      ],
    ]);
  });

  it('is reported by a process warning if there is no logger', async () => {
    const { connect } = await startAgent({ setup: (agent) => agent.onMessage(check, () => {}) });
    takeAdvice();
    const peer = await connect();
    await peer.notify((built) => built.message('check', { ip: '192.0.2.1', port: 1, '': 'Bearer x' }));
    await peer.notify((built) => built.message('check', { '': 'Bearer x' }));
    const warnings: string[] = [];
    expect(await eventually(() => warnings.push(...takeAdvice()) > 0)).toBe(true);
    expect(warnings).toEqual([expect.stringMatching(/^message "check" has no argument "authorization", but has ""/)]);
  });

  it('counts only if it is well-formed', async () => {
    const events: { readonly event: string }[] = [];
    const { connect } = await startAgent({
      logger: { ...silent, warn: (details) => void events.push(details as { event: string }) },
      setup: (agent) => agent.onMessage(check, () => {}),
    });
    const bad = await connect();
    await bad.hello();
    // NB-ARGS is two, but the message has no argument.
    bad.send(bad.preset.notify({ streamId: 1 }).raw('05636865636b02'));
    await bad.receive();
    await bad.closed();
    await (await connect()).notify((built) => built.message('check'));
    expect(await eventually(() => events.some(({ event }) => event === 'arguments'))).toBe(true);
    expect(events.map(({ event }) => event)).toEqual(['protocolError', 'disconnect', 'arguments']);
    expect(events[2]).toMatchObject({ absent: ['ip', 'authorization', 'port'] });
  });
});
