import { existsSync, globSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { createAgent } from '@spop/agent';
import { haproxyHello } from '@spop/builder';
import { FrameReader, toHaproxyHello } from '@spop/codec';
import { describe, expect, it } from 'vitest';
import { negotiate } from '../../packages/agent/src/session/handshake.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const limits = readFileSync(new URL('limits.md', import.meta.url), 'utf8');
const { options } = createAgent();

/** The longest ACK, in bytes, for a HAProxy with these capabilities and buffers. */
function ackBytes(capabilities: string, bufferSize: number = 16_384): number {
  const reader = new FrameReader();
  const bytes = Buffer.from(haproxyHello({ capabilities, maxFrameSize: bufferSize - 4 }).toBytes());
  reader.push(bytes, 0, bytes.length);
  return negotiate(toHaproxyHello(reader.next()!), { maxFrameSize: options.maxFrameSize, pipelining: true })
    .maxAckBytes;
}

/** The default of an option in the tables of the page. */
function documentedDefault(name: string): string | undefined {
  return new RegExp(`^\\| \`${name}\` +\\| +([^|]*?) +\\|`, 'm').exec(limits)?.[1];
}

function inWords(name: string, value: number): string {
  if (name.endsWith('Bytes')) return `${value / 1_048_576} MiB`;
  if (!name.endsWith('Ms')) return value.toLocaleString('en-US');
  return value === 0 ? 'off' : `${value / 1000} s`;
}

describe('docs/guides/limits.md', () => {
  it('says how large an ACK may be', () => {
    const sizes = [...limits.matchAll(/^\| 3\.\d and \w+ +\| (?:either|off|on) +\| +([\d,]+) \|$/gm)];
    expect(sizes.map(([, size = '']) => Number(size.replace(',', '')))).toEqual([
      ackBytes('pipelining,async'),
      ackBytes(''),
      ackBytes('pipelining'),
    ]);
    expect(limits).toContain(`${ackBytes('pipelining', 65_536).toLocaleString('en-US')} bytes an ACK with pipelining`);
  });

  it.each([
    'maxConnections',
    'maxInFlightPerConnection',
    'maxInFlight',
    'maxInFlightBytes',
    'maxIncompleteBytes',
    'processingTimeoutMs',
    'helloTimeoutMs',
    'partialFrameTimeoutMs',
    'idleTimeoutMs',
    'writeTimeoutMs',
    'lingerTimeoutMs',
  ] as const)('says the default of %s', (name) => {
    expect(documentedDefault(name)).toBe(inWords(name, options[name]));
  });
});

describe('links between pages', () => {
  const pages = globSync(['docs/**/*.md', 'packages/*/README.md'], {
    cwd: root,
    exclude: ['**/node_modules/**', 'docs/reference/**'],
  });
  it.each(pages)('lead somewhere in %s', (page) => {
    const text = readFileSync(root + page, 'utf8').replaceAll(/^```.*?^```/gms, '');
    const links = [...text.matchAll(/\]\(([^)\s]+)\)/g)].map(([, link = '']) => link);
    const local = links.filter((link) => !/^(https?:|#)/.test(link)).map((link) => link.split('#')[0] ?? '');
    expect(local.filter((link) => !existsSync(new URL(link, `file://${root}${page}`)))).toEqual([]);
  });
});
