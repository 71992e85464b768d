import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { linesOf, millisecondsOf } from '../../../src/cli/lint/configuration-text.ts';
import { lint } from '../../../src/cli/lint/lint.ts';
import { sampleTypeOf } from '../../../src/cli/lint/sample-types.ts';
import type { Sources } from '../../../src/cli/lint/subject.ts';
import { parseSpoeFile } from '../../../src/cli/lint/spoe-file.ts';
import { DEFINITIONS, HAPROXY, SPOE } from './configurations.ts';

describe('the words of a line', () => {
  it.each([
    ['a  b\tc', ['a', 'b', 'c']],
    ['  a # b', ['a']],
    [String.raw`a\ b \# c`, ['a b', '#', 'c']],
    [`'a "b' "c 'd"`, ['a "b', "c 'd"]],
    [String.raw`"a \" b"c`, ['a " bc']],
    [String.raw`'a\ b'`, [String.raw`a\ b`]],
    ['""', ['']],
    [String.raw`a\nb\tc\rd\\e\'\"`, ['a\nb\tc\rd\\e\'"']],
    [String.raw`"a\nb\"c" 'a\nb'`, ['a\nb"c', String.raw`a\nb`]],
    [String.raw`regsub(\.php,-) "\1"`, [String.raw`regsub(\.php,-)`, String.raw`\1`]],
    [`"a # b"c '#'#d`, ['a # bc', '#']],
    [`"\${NAME-a b}"`, ['${NAME-a b}']],
    [`'no end`, ['no end']],
    [String.raw`end\ `.trim(), [String.raw`end\ `.trim()]],
  ])('of %s are %j', (line, words) => {
    expect(linesOf(line)).toEqual([{ number: 1, words }]);
  });

  it('are counted with the lines, for any line end', () => {
    expect(linesOf('\n# a\r\nb\n\nc').map(({ number, words }) => [number, ...words])).toEqual([
      [3, 'b'],
      [5, 'c'],
    ]);
  });
});

describe('lines that end before they should', () => {
  const rulesOf = (sources: Omit<Sources, 'spoePath'>): string[] =>
    lint({ ...sources, spoePath: 'spoe.conf' }).map(({ rule, line }) => `${rule} ${line}`);

  it('have empty words', () => {
    const rest = ['filter', 'filter spoe', 'filter spoe engine', 'use_backend', 'http-request send-spoe-group e'];
    const haproxyText = ['global', 'set-var', 'frontend f', ...rest, 'backend agents', 'server'].join('\n');
    const agent = ['use-backend agents', 'messages', 'groups', 'timeout processing', 'max-frame-size'];
    const spoeText = ['[e]', 'spoe-agent', ...agent, 'spoe-message', 'args', 'event', 'spoe-group'].join('\n');
    expect(rulesOf({ haproxyText, spoeText })).toEqual([
      'spop-check 10',
      'engine-unused 1',
      'message-unnamed 8',
      'event-unknown 10',
      'group-unnamed 11',
    ]);
  });

  it('leave an engine without its agent, and the next one whole', () => {
    const filters = ['a', 'b'].map((engine) => `filter spoe engine ${engine} config spoe.conf`);
    const message = 'spoe-message check-ip\nargs x=var(txn.a.b)\nevent on-frontend-http-request';
    expect(
      rulesOf({
        haproxyText: ['frontend f', ...filters].join('\n'),
        spoeText: `[a]\n${message}\n[b]\nspoe-agent b\nmessages check-ip\ntimeout processing 1s\n${message}`,
        definitions: { messages: [{ name: 'check-ip', args: [] }], variables: [{ scope: 'txn', name: 'v' }] },
      }),
    ).toEqual(['agent-missing 1', 'argument-undeclared 3', 'argument-undeclared 10']);
  });
});

describe('millisecondsOf', () => {
  it.each([
    ['250', 250],
    ['250ms', 250],
    ['2s', 2000],
    ['1m', 60_000],
    ['500us', 0.5],
    ['1d', 86_400_000],
    ['${WAIT}', undefined],
    ['2 s', undefined],
    ['1h', 3_600_000],
    ['x2s', undefined],
    ['2sx', undefined],
    ['2ns', undefined],
    ['', undefined],
    ['999999999999999', 999_999_999_999_999],
    ['9999999999999999', undefined],
    [undefined, undefined],
    ['constructor', undefined],
  ])('reads %s as %s', (word, milliseconds) => {
    expect(millisecondsOf(word)).toBe(milliseconds);
  });
});

describe('sampleTypeOf', () => {
  it.each([
    ['src', 'address'],
    ['req.hdr(x,1)', 'string'],
    ['src,ipmask(24,64)', 'address'],
    ['req.hdr(a),lower,length', 'integer'],
    ['req.body', 'binary'],
    ['var(txn.a)', undefined],
    ['req.hdr(a),of_tomorrow', undefined],
    ['${SAMPLE}', undefined],
    ['req.hdr(${NAME})', undefined],
    ['src,lower', 'string'],
    ['lower', undefined],
    ['', undefined],
    ['constructor', undefined],
  ])('of %s is %s', (expression, type) => {
    expect(sampleTypeOf(expression)).toBe(type);
  });
});

describe('parseSpoeFile', () => {
  it('distinguishes engines, and reads arguments with their names', () => {
    const engines = parseSpoeFile(
      '[a]\nspoe-agent x\n[b c]\nspoe-agent y\n option var-prefix p\nspoe-message m\n args src k=hdr(x=y)',
    );
    expect(engines.map(({ scope, line, prefix }) => [scope, line, prefix])).toEqual([
      ['a', 1, 'x'],
      ['b c', 3, 'p'],
    ]);
    expect(engines[1]?.messages[0]?.args.map(({ name, expression }) => [name, expression])).toEqual([
      ['', 'src'],
      ['k', 'hdr(x=y)'],
    ]);
  });

  it('takes a line in brackets alone for the name of an engine', () => {
    const text = 'spoe-agent a\n[b\nc]\n[d e]\nspoe-group f\n[g]\n[h]\nspoe-message i\nevent j\nevent k';
    expect(parseSpoeFile(text).map(({ scope, agent, prefix }) => [scope, agent?.lines.length, prefix])).toEqual([
      [undefined, 2, 'a'],
      ['d e', undefined, ''],
      ['h', undefined, ''],
    ]);
    expect(parseSpoeFile(text).map(({ messages }) => messages[0]?.event?.number)).toEqual([undefined, undefined, 10]);
  });
});

/** Lines that rules read, with any words between and after them. */
const lines = fc.array(
  fc.oneof(
    { weight: 4, arbitrary: fc.constantFrom(...HAPROXY.split('\n'), ...SPOE.split('\n')) },
    fc
      .tuple(
        fc.constantFrom(...`${HAPROXY} ${SPOE}`.split(/\s+/)),
        fc.string(),
        fc.constantFrom('', '"', "'", '\\', '#', '$'),
      )
      .map((words) => words.join(' ')),
    fc.string({ unit: 'binary' }),
  ),
  { maxLength: 60 },
);

describe('spop lint', () => {
  it('accepts any text, and names only existing lines', () => {
    fc.assert(
      fc.property(lines, lines, fc.boolean(), (haproxy, spoe, isDeclared) => {
        const [haproxyText, spoeText] = [haproxy.join('\n'), spoe.join('\n')];
        const definitions = isDeclared ? DEFINITIONS : undefined;
        const findings = lint({ haproxyText, spoeText, spoePath: 'spoe.conf', definitions, deadlineMs: 300 });
        for (const { file, line } of findings) {
          expect(line).toBeGreaterThan(0);
          expect(line).toBeLessThanOrEqual((file === 'haproxy' ? haproxyText : spoeText).split(/\r?\n/).length);
        }
      }),
    );
  });
});
