import { expect, it, onTestFinished, vi } from 'vitest';
import { Outcomes } from './outcomes.ts';
import { readLines } from './reloadable.ts';

it('counts each outcome, and logs a default at most once in ten seconds', () => {
  vi.useFakeTimers({ toFake: ['performance'] });
  onTestFinished(() => void vi.useRealTimers());
  const log: string[] = [];
  const outcomes = new Outcomes('answers', ['yes', 'no', 'failed'], (line) => log.push(line));
  outcomes.count('yes');
  for (let i = 0; i < 3; i++) outcomes.countDefault('failed');
  outcomes.countDefault('no', 'the reason');
  vi.advanceTimersByTime(9_999);
  outcomes.countDefault('failed');
  vi.advanceTimersByTime(1);
  outcomes.countDefault('failed');
  outcomes.countAndLog('yes', 'for once');
  expect(log).toEqual([
    'decided by default: failed, 1 times so far',
    'decided by default: no, 1 times so far: the reason',
    'decided by default: failed, 5 times so far',
    'for once: yes, 2 times so far',
  ]);
  expect(outcomes.toMetrics()).toMatchObject([
    {
      name: 'answers',
      type: 'counter',
      value: [
        { labels: { outcome: 'yes' }, value: 2 },
        { labels: { outcome: 'no' }, value: 1 },
        { labels: { outcome: 'failed' }, value: 5 },
      ],
    },
  ]);
});

it('reads the words of each line, without comments, and names a wrong line', () => {
  expect(readLines('# all\n a  b\t# c\r\n\nd#e', (words) => words)).toEqual([['a', 'b'], ['d']]);
  const refuse = (words: readonly string[]): void => {
    if (words[0] === 'x') throw new Error('no x');
  };
  expect(() => readLines('a\n\nx', refuse)).toThrow('line 3: no x');
});
