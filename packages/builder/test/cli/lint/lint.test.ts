import { describe, expect, it } from 'vitest';
import { lint } from '../../../src/cli/lint/lint.ts';
import { engine, frontend } from './faults.ts';

describe('the findings', () => {
  it('are in the order of the files and the lines, and on one line in that of the rules', () => {
    const findings = lint({
      haproxyText: frontend('http-request set-var(txn.a) src', 'http-request send-spoe-group f g'),
      spoeText: engine('messages m', 'spoe-message m', 'event $E', 'args a=src', 'spoe-message n', 'event o').replace(
        'agent e',
        'agent e-e',
      ),
      spoePath: 'spoe.conf',
    });
    expect(findings.map(({ file, line, rule }) => [file, line, rule])).toEqual([
      ['haproxy', 3, 'abortonclose'],
      ['haproxy', 4, 'variable-unread'],
      ['haproxy', 5, 'group-without-filter'],
      ['spoe', 2, 'prefix'],
      ['spoe', 2, 'processing-timeout'],
      ['spoe', 7, 'message-unnamed'],
      ['spoe', 8, 'event-unknown'],
    ]);
  });

  it('have the source and the severity of their rule, or a severity of their own', () => {
    const spoeText = `${engine('messages m', 'timeout processing 1s', 'spoe-message m', 'event $E')}\n[f]\nspoe-agent f`;
    const sources = { haproxyText: frontend('no option abortonclose'), spoeText, spoePath: 'spoe.conf' };
    expect(lint(sources).map(({ rule, severity, source }) => [rule, severity, source])).toEqual([
      ['engine-unused', 'note', 'SPOE.txt §2'],
      ['processing-timeout', 'warning', 'SPOE.txt §2.2, timeout processing'],
    ]);
  });
});
