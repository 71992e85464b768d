import { expect, it, onTestFinished, vi } from 'vitest';
import { type Deadline, Deadlines } from '../../src/notify/deadlines.ts';
import { Link } from '../../src/notify/linked-list.ts';

it('expires a deadline once, though its owner does not remove it', () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
  onTestFinished(() => void vi.useRealTimers());
  const deadlines = new Deadlines();
  let expired = 0;
  const link: Link<Deadline> = new Link<Deadline>({
    startedAt: performance.now(),
    timeoutMs: 10,
    expire: () => {
      expired++;
      if (expired > 2) deadlines.remove(link);
    },
  });
  deadlines.add(link);
  vi.advanceTimersByTime(100);
  expect(expired).toBe(1);
});
