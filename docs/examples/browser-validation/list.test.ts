import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { List } from './list.ts';
import { viewsOf } from './views.ts';

const FOLDER = fileURLToPath(new URL('.', import.meta.url));

function levelOf(list: string, src: string, userAgent?: string): number | undefined {
  const views = viewsOf({ src, ...(userAgent === undefined ? {} : { text: userAgent }) });
  return new List(list, FOLDER).levelOf(views.src, views.query);
}

describe('the list', () => {
  it('has the level of the first line that fits', () => {
    const list = '0 network=192.0.2.0/24 user-agent=Good_Bot\n3 user-agent=Bot # any\n2 network=2001:db8::/32\n';
    expect(levelOf(list, '192.0.2.1', 'The Good Bot/1.0')).toBe(0);
    expect(levelOf(list, '198.51.100.1', 'The Good Bot/1.0')).toBe(3);
    expect(levelOf(list, '2001:db8::1', 'Firefox')).toBe(2);
    expect(levelOf(list, '192.0.2.1')).toBeUndefined();
  });

  it('reads the ranges that operators of crawlers publish', () => {
    const list = '0 ranges=crawler-ranges.json user-agent=ExampleBot';
    for (const src of ['192.0.2.64', '::ffff:192.0.2.95', '2001:db8:64::1']) {
      expect(levelOf(list, src, 'ExampleBot/2')).toBe(0);
      expect(levelOf(list, src, 'Firefox')).toBeUndefined();
    }
    expect(levelOf(list, '192.0.2.96', 'ExampleBot/2')).toBeUndefined();
  });

  it.each([
    '4 network=192.0.2.0/24',
    '1',
    'x user-agent=a',
    '1 agent=a',
    '1 user-agent=',
    '1 network=192.0.2.1/24',
    '1 ranges=missing.json',
    '1 ranges=../../package.json',
  ])('refuses %j, and names the line', (line) => {
    expect(() => new List(`# first\n${line}`, FOLDER)).toThrow(/^line 2: .*(expected|ENOENT)/);
  });
});
