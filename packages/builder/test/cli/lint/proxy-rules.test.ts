import { describe, expect, it } from 'vitest';
import { engine, faultsOf, frontend } from './faults.ts';

describe('abortonclose', () => {
  const found = (lines: readonly string[], release?: string, spoeText = engine('option set-on-error error')) =>
    faultsOf('abortonclose', { haproxyText: frontend(...lines), spoeText, release });
  const fault = (which: string) => ({
    file: 'haproxy',
    line: 3,
    sentence: `${which} do not wait for the agent once the client has closed, and evaluate the rules without its variables: such a client gets past a "deny" by one of them`,
    advice: 'no option abortonclose, in "defaults" or the proxy; or a rule on the variable of "option set-on-error"',
  });
  const ON = 'option abortonclose';
  const DENIES = 'http-request deny if { var(txn.e.error) -m found }';

  it.each<[string, readonly string[], string | undefined, string]>([
    ['by default', [], undefined, 'HAProxy 3.3 and later'],
    ['by default', [], '3.3', 'HAProxy 3.3 and later'],
    ['by its line', [ON], undefined, 'HAProxy 3.1 and later'],
    ['by its line', [ON], '3.1', 'HAProxy 3.1 and later'],
    [
      'beside a rule that reads the error and decides nothing',
      ['set-header a %[var(txn.e.error)]'],
      '3.3',
      'HAProxy 3.3 and later',
    ],
    [
      'beside a rule that decides by another variable',
      ['deny if { var(txn.e.errors) }'],
      '3.3',
      'HAProxy 3.3 and later',
    ],
  ])('is wrong %s: %j in %s', (_, lines, release, which) => {
    expect(found(lines, release)).toEqual([fault(which)]);
  });

  it.each<[string, readonly string[], string]>([
    ['by default before HAProxy 3.3', [], '3.2'],
    ['in HAProxy 3.0', [ON], '3.0'],
    ['beside a rule that decides by the error', [DENIES], '3.3'],
    ['in TCP', ['mode tcp', ON], '3.3'],
    ['switched off', ['no option abortonclose'], '3.3'],
  ])('is right %s', (_, lines, release) => {
    expect(found(lines, release)).toEqual([]);
  });

  it('is wrong for one engine of two, if no rule decides by the error of the other', () => {
    const spoeText = `${engine('option set-on-error error')}\n[f]\nspoe-agent f\noption set-on-error error`;
    const lines = ['filter spoe engine f config spoe.conf', DENIES];
    expect(found(lines, '3.3', spoeText)).toEqual([fault('HAProxy 3.3 and later')]);
    expect(found([...lines, DENIES.replace('.e.', '.f.')], '3.3', spoeText)).toEqual([]);
  });

  it('is wrong without a variable for the error', () => {
    expect(found(['deny if { var(txn.e.undefined) -m found }'], '3.3', engine())).toEqual([
      fault('HAProxy 3.3 and later'),
    ]);
  });
});

describe('a body that no rule waits for', () => {
  const SENDS = engine('spoe-message m', 'args a=src', 'args b=req.body');
  const found = (haproxyText: string, spoeText = SENDS) => faultsOf('body-not-buffered', { haproxyText, spoeText });

  it('is found in the proxy in HTTP', () => {
    const fault = {
      file: 'spoe',
      line: 5,
      sentence:
        'the message "m" has the body, and "frontend f" does not wait for it: the agent gets what has come by then, often nothing',
      advice: 'option http-buffer-request, in "frontend f"',
    };
    expect(found(frontend())).toEqual([fault]);
    expect(found(`listen t\nfilter spoe engine e config spoe.conf\n${frontend()}`)).toEqual([fault]);
  });

  it.each([
    ['in a proxy in TCP', frontend('mode tcp'), SENDS],
    ['without a filter', 'frontend f', SENDS],
    ['with the option in any proxy', `${frontend()}\nbackend b\noption http-buffer-request`, SENDS],
    ['with a rule that waits', frontend('http-request wait-for-body time 1s'), SENDS],
    ['that is only the name of a variable', frontend(), SENDS.replace('req.body', 'var(txn.req.body,str())')],
    ['of which the size alone is sent', frontend(), SENDS.replace('req.body', 'req.body_size')],
  ])('is not found %s', (_, haproxyText, spoeText) => {
    expect(found(haproxyText, spoeText)).toEqual([]);
  });
});

describe('the size of a body', () => {
  const found = (args: string, event: string, ...lines: readonly string[]) =>
    faultsOf('body-size', { haproxyText: frontend(...lines), spoeText: engine('spoe-message m', args, event) });

  it('is missing beside it', () => {
    expect(found('args a=src b=req.body,sha1', 'event on-frontend-http-request')).toEqual([
      {
        file: 'spoe',
        line: 4,
        sentence:
          'the message "m" has the body, and not its size: the agent gets the beginning of a body that is larger than HAProxy\'s buffer, and cannot tell',
        advice: 'size=req.body_size beside it, to compare with the length',
      },
    ]);
    expect(found('args b=req.body', '')).toHaveLength(1);
  });

  it.each([
    ['req.body_size', '', ''],
    ['req.hdrs_bin', '', ''],
    ['req.hdr(content-length)', '', ''],
    ['src', 'event x if { req.body_size le 9 }', ''],
    ['src', '', 'acl small req.body_len le 9'],
  ])('is known with %j, %j or %j', (expression, event, line) => {
    expect(found(`args a=${expression} b=req.body`, event, line)).toEqual([]);
  });
});

describe('a body that is larger than a frame', () => {
  const found = (frame: string, global: readonly string[] = [], event = '') =>
    faultsOf('body-above-frame', {
      haproxyText: ['global', ...global].join('\n'),
      spoeText: engine(frame, 'spoe-message m', 'args b=req.body', event),
    });
  const fault = (bytes: number, most: number) => ({
    file: 'spoe',
    line: 3,
    sentence: `a frame has ${bytes} bytes at most, and the body in the message "m" up to ${most}: HAProxy 3.1 and later let such a request pass without asking the agent`,
    advice: 'no max-frame-size; or an event "if { req.body_size le N }", with N well below it',
  });

  it.each([
    [15_359, [], 15_360],
    [64_511, ['tune.bufsize 64k'], 64_512],
    [16_183, ['tune.maxrewrite 200'], 16_184],
  ])('is found below the most that a buffer holds of it: %i with %j', (bytes, global, most) => {
    expect(found(`max-frame-size ${bytes}`, global)).toEqual([fault(bytes, most)]);
    expect(found(`max-frame-size ${bytes + 1}`, global)).toEqual([]);
  });

  it.each([
    ['max-frame-size', '', 'with a size that is missing', ''],
    ['', '', 'without a size', ''],
    ['max-frame-size 300', 'tune.bufsize $B', 'with a buffer of the environment', ''],
    ['max-frame-size 300', 'tune.maxrewrite $B', 'with a reserve of the environment', ''],
    ['max-frame-size 300', 'acl small req.body_size le 9', 'with a line that reads its size', ''],
    ['max-frame-size 300', '', 'with an event that reads its length', 'event x if { req.body_len le 9 }'],
  ])('is not found with %j and %j: %s', (frame, global, _, event) => {
    expect(found(frame, [global], event)).toEqual([]);
  });
});

describe('a group that TCP sends before its data', () => {
  const SENDS = engine(
    'groups g other',
    'spoe-group other',
    'messages ip',
    'spoe-group g',
    'messages first ip',
    'spoe-message first',
    'args a=src b=req.payload(0,4)',
    'spoe-message ip',
    'args a=src',
    'spoe-message messages',
    'args b=req.len',
  );
  const WAITS = 'tcp-request inspect-delay 5s';
  const found = (head: string, ...lines: readonly string[]) =>
    faultsOf('tcp-before-data', {
      haproxyText: [head, 'mode tcp', 'filter spoe engine e config spoe.conf', ...lines].join('\n'),
      spoeText: SENDS,
    });
  const fault = (line: number, waits: string, rule: string, group = 'g') => ({
    file: 'haproxy',
    line,
    sentence: `HAProxy evaluates this rule when the client has connected, usually before its first byte${waits}: the group "${group}" is sent without data, or its answer comes too late`,
    advice: `tcp-request inspect-delay 5s, and ${rule}`,
  });
  const SEND = 'tcp-request content send-spoe-group e g';

  it('is to wait, and to have a condition', () => {
    const condition = '"if { req.len gt 0 }" at the end of this rule';
    expect(found('frontend f', SEND)).toEqual([fault(4, ', and does not wait', condition)]);
    expect(found('frontend f', WAITS, SEND)).toEqual([fault(5, '', condition)]);
    expect(found('frontend f', `${SEND} if x`)).toEqual([fault(4, ', and does not wait', 'this rule as it is')]);
    expect(found('frontend f', SEND.replace(/g$/, 'other'))).toEqual([
      fault(4, ', and does not wait', condition, 'other'),
    ]);
  });

  it.each<[string, string, readonly string[]]>([
    ['with both', 'frontend f', [WAITS, `${SEND} if x`]],
    ['for a group without data', 'frontend f', [WAITS, SEND.replace(/g$/, 'other')]],
    ['in HTTP', 'frontend f', ['mode http', SEND]],
    ['in a proxy that the environment names', 'frontend $F', [SEND]],
    ['in a proxy whose defaults the environment names', 'frontend f from $D', [SEND]],
    ['by a rule on connections', 'frontend f', [SEND.replace('content', 'connection')]],
    ['by a rule on responses', 'frontend f', [SEND.replace('request', 'response')]],
    ['by a rule of another engine', 'frontend f', [SEND.replace(' e ', ' f ')]],
  ])('is right %s', (_, head, lines) => {
    expect(found(head, ...lines)).toEqual([]);
  });
});
