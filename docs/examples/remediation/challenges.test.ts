import { afterEach, describe, expect, it, vi } from 'vitest';
import type { Page } from './appsec.ts';
import { Challenges, type Relay } from './challenges.ts';

const page = (body: string): Page => ({ status: 202, headers: [['x-a', ['b', 'c']]], body });

async function start(
  relay: Relay = () => Promise.resolve(undefined),
): Promise<{ challenges: Challenges; url: string }> {
  const challenges = new Challenges(relay);
  const log = vi.spyOn(console, 'log').mockReturnValue();
  await challenges.listen('127.0.0.1:0');
  const url = `http://${String(log.mock.calls[0]?.[0]).split(' ').at(-1)}`;
  return { challenges, url };
}

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

describe('Challenges', () => {
  it('serves each page once, whatever the query', async () => {
    const { challenges, url } = await start();
    const [one, two] = [challenges.keep(page('one')), challenges.keep(page('two'))];
    const answer = await fetch(`${url}${one}?a=b`);
    expect([answer.status, answer.headers.get('x-a'), await answer.text()]).toEqual([202, 'b, c', 'one']);
    expect((await fetch(url + one)).status).toBe(403);
    expect(await (await fetch(url + two, { method: 'POST', body: 'x' })).text()).toBe('two');
    expect((await fetch(`${url}/crowdsec-challenge/`)).status).toBe(403);
    await challenges.close();
  });

  it('keeps a page for half a minute, and at most a thousand', async () => {
    const { challenges, url } = await start();
    vi.useFakeTimers({ toFake: ['performance'] });
    const late = challenges.keep(page('late'));
    vi.advanceTimersByTime(30_000);
    expect((await fetch(url + late)).status).toBe(403);
    const paths = Array.from({ length: 1_001 }, (_, index) => challenges.keep(page(String(index))));
    expect(challenges.size).toBe(1_000);
    expect((await fetch(url + paths[0])).status).toBe(403);
    expect(await (await fetch(url + paths[1])).text()).toBe('1');
    vi.advanceTimersByTime(30_000);
    challenges.keep(page('new'));
    expect(challenges.size).toBe(1);
    await challenges.close();
  });

  it('answers 502 if a page is missing or cannot be written, and goes on', async () => {
    const errors = vi.spyOn(console, 'error').mockReturnValue();
    const { challenges, url } = await start(() => Promise.reject(new Error('AppSec is gone')));
    expect((await fetch(`${url}/crowdsec-internal/x`)).status).toBe(502);
    const path = challenges.keep({ status: 200, headers: [['a\nb', ['c']]], body: '' });
    expect((await fetch(url + path)).status).toBe(502);
    expect(errors).toHaveBeenCalledTimes(2);
    await challenges.close();
  });
});
