import { rename, rm, writeFile } from 'node:fs/promises';
import type { IncomingMessage, RequestListener } from 'node:http';
import { Origin } from '@spop-internal/testbed/origin';
import { TemporaryFolder } from '@spop-internal/testbed/temporary-folder';
import { stopAfterTest } from '@spop-internal/testbed/vitest';
import { describe, expect, it } from 'vitest';
import { parseSources, withoutPassword } from './source-texts.ts';
import { Source } from './source.ts';

interface Logged {
  readonly source: Source;
  readonly log: string[];
}

function sourceOf(text: string): Logged {
  const log: string[] = [];
  return { source: new Source(text, (line) => log.push(line)), log };
}

async function fileSource(text: string): Promise<Logged & { readonly replace: (text: string) => Promise<void> }> {
  const folder = stopAfterTest(await TemporaryFolder.make());
  const replace = async (next: string): Promise<void> => {
    await writeFile(folder.file('next'), next);
    await rename(folder.file('next'), folder.file('list'));
  };
  await replace(text);
  return { ...sourceOf(folder.file('list')), replace };
}

describe('a source that is a file', () => {
  it('has a new list only if its text has changed', async () => {
    const { source, replace } = await fileSource('1.1.1.1\n2.2.2.2');
    expect(await source.refresh()).toBe(true);
    expect(source.status).toMatchObject({ entries: 2, badLines: 0, failures: 0 });
    expect(await source.refresh()).toBe(false);
    await replace('3.3.3.3\nnone');
    expect(await source.refresh()).toBe(true);
    expect(source.status).toMatchObject({ entries: 1, badLines: 1, failures: 0 });
  });

  it.each([
    ['empty', '', /expected an address or a range; found none; its list/],
    ['comments only', '# 1.1.1.1\n', /found none; its list/],
    ['binary', '\0\x01\x02\n\xff', /found none, and 2 bad lines: line 1 ".{3}", line 2/],
    ['HTML', '<html>\n1.1.1.1<br>', /found none, and 2 bad lines: line 1 "<html>", line 2 "1\.1\.1\.1<br>"/],
  ])('keeps its last good list, and logs its age, if the file is %s', async (_, text, reason) => {
    const { source, log, replace } = await fileSource('1.1.1.1');
    await source.refresh();
    const { list } = source;
    await replace(text);
    expect(await source.refresh()).toBe(false);
    expect(source.list).toBe(list);
    expect(source.status).toMatchObject({ entries: 1, failures: 1 });
    expect(log.join('\n')).toMatch(reason);
    expect(log.join('\n')).toMatch(/its list of 1 entries, \d+ s old, stays in force$/);
  });

  it('keeps its last good list while the file is gone, and reads the next one', async () => {
    const { source, log, replace } = await fileSource('1.1.1.1');
    await source.refresh();
    await rm(source.name);
    expect(await source.refresh()).toBe(false);
    expect(log).toEqual([expect.stringMatching(/list has failed: ENOENT: .*stays in force$/)]);
    await replace('1.1.1.1\n2.2.2.2');
    expect(await source.refresh()).toBe(true);
  });

  it('reads the file again for each call, also during an earlier reading', async () => {
    const { source, replace } = await fileSource('1.1.1.1');
    const first = source.refresh();
    await replace('2.2.2.2\n3.3.3.3');
    await Promise.all([first, source.refresh()]);
    expect(source.status.entries).toBe(2);
  });

  it('must not be a folder', async () => {
    const folder = stopAfterTest(await TemporaryFolder.make());
    const { source, log } = sourceOf(folder.path);
    expect(await source.refresh()).toBe(false);
    expect(log).toEqual([expect.stringMatching(/has failed: expected a regular file; it has no list yet/)]);
  });
});

describe('a source that is a URL', () => {
  async function urlSource(listener: RequestListener): Promise<Logged & { readonly requests: IncomingMessage[] }> {
    const requests: IncomingMessage[] = [];
    const origin = await Origin.serve((request, response) => {
      requests.push(request);
      listener(request, response);
    });
    stopAfterTest(origin);
    return { ...sourceOf(`http://${origin.address}/list`), requests };
  }

  it('is asked whether it has changed since its last good list', async () => {
    let version = 1;
    const { source, requests } = await urlSource(({ headers }, response) => {
      response.setHeader('etag', `"v${version}"`).setHeader('last-modified', 'Sun, 29 Nov 2026 15:00:00 GMT');
      if (headers['if-none-match'] === `"v${version}"`) response.writeHead(304).end();
      else response.end(version === 2 ? '<html>' : `1.1.1.${version}\n`);
    });
    expect(await source.refresh()).toBe(true);
    const { goodAt = 0 } = source.status;
    expect(await source.refresh()).toBe(false);
    expect(source.status.goodAt).toBeGreaterThanOrEqual(goodAt);
    expect(source.status.failures).toBe(0);
    // After an answer without a list, the server is not asked whether it has changed.
    version = 2;
    expect(await source.refresh()).toBe(false);
    version = 3;
    expect(await source.refresh()).toBe(true);
    expect(requests.map(({ headers }) => headers['if-none-match'])).toEqual([undefined, '"v1"', '"v1"', '"v1"']);
    expect(requests[1]?.headers['if-modified-since']).toBe('Sun, 29 Nov 2026 15:00:00 GMT');
    expect(source.status.failures).toBe(1);
  });

  it.each([
    [
      'another status',
      (status: number): RequestListener =>
        (_, response) =>
          response.writeHead(status).end('1.1.1.1'),
      /expected status 200; found 503/,
    ],
    [
      'an end in the middle',
      (): RequestListener => (_, response) => {
        response.writeHead(200, { 'content-length': 100 }).write('2.2.2.2\n');
        setTimeout(() => response.destroy(), 50);
      },
      /terminated/,
    ],
  ])('keeps its last good list after %s', async (_, failing, reason) => {
    let isGood = true;
    const { source, log } = await urlSource((request, response) =>
      isGood ? void response.end('1.1.1.1') : failing(503)(request, response),
    );
    await source.refresh();
    isGood = false;
    expect(await source.refresh()).toBe(false);
    expect(source.status).toMatchObject({ entries: 1, failures: 1 });
    expect(log.join('\n')).toMatch(reason);
  });

  it('gives the reason for a failed connection', async () => {
    const origin = await Origin.start('');
    origin.stop();
    const { source, log } = sourceOf(`http://${origin.address}/list`);
    expect(await source.refresh()).toBe(false);
    expect(log).toEqual([
      `http://${origin.address}/list has failed: fetch failed: connect ECONNREFUSED ${origin.address}; it has no list yet, and is tried again`,
    ]);
  });

  it('reports a server that does not answer', { timeout: 60_000 }, async () => {
    const { source, log } = await urlSource(() => {});
    expect(await source.refresh()).toBe(false);
    expect(log).toEqual([expect.stringContaining('has failed: no answer within 5000 ms; it has no list yet')]);
  });

  it('shows its password only to the server', async () => {
    const { source, log, requests } = await urlSource((_, response) => response.writeHead(401).end());
    const secret = sourceOf(source.name.replace('://', '://me:secret@'));
    await secret.source.refresh();
    expect(requests[0]?.headers.authorization).toBe(`Basic ${Buffer.from('me:secret').toString('base64')}`);
    expect(secret.source.name).toContain('me:…@127.0.0.1');
    expect([...log, ...secret.log].join()).not.toContain('secret');
  });
});

describe('parseSources', () => {
  it('reads files, URLs and sets, separated by commas and blanks', () => {
    const file = import.meta.filename;
    expect(parseSources(`${file}, https://a.test/x,redis://b.test:6379/banned`)).toEqual([
      file,
      'https://a.test/x',
      'redis://b.test:6379/banned',
    ]);
  });

  it.each([
    ['', 'expected a source before and after each comma'],
    ['http://a.test/,', 'expected a source before and after each comma'],
    ['http://a.test/,http://a.test/', 'expected each source once'],
    ['ftp://a.test/x', 'expected files, http:// or https:// URLs, or sets as redis://host:port/KEY'],
    ['http://', 'expected files, http:// or https:// URLs, or sets as redis://host:port/KEY'],
    ['redis://a.test:6379/', 'expected the key of a set, as in redis://host:port/KEY'],
    ['redis://a.test', 'expected the key of a set, as in redis://host:port/KEY'],
    ['/nonexistent/list', /^expected a file that can be read: ENOENT/],
  ])('refuses %j', (text, reason) => {
    expect(() => parseSources(text)).toThrow(reason);
  });
});

describe('withoutPassword', () => {
  it.each([
    ['redis://:secret@b.test/k', 'redis://:…@b.test/k'],
    ['http://me:secret@a.test/x@y:z@', 'http://me:…@a.test/x@y:z@'],
    ['http://a.test:80/a:b@c', 'http://a.test:80/a:b@c'],
    ['/a:b@c', '/a:b@c'],
  ])('makes %s to %s', (text, shown) => {
    expect(withoutPassword(text)).toBe(shown);
  });
});
