import { describe, expect, it } from 'vitest';
import type { Decision } from './decision.ts';
import { DecisionStream } from './decision-stream.ts';
import { decide, Lapi, LAPI_KEY } from './testing.ts';

const NO_FILES = { certPath: undefined, keyPath: undefined, caPath: undefined };

function open(lapi: Lapi, hasCountries = false, apiKey = LAPI_KEY): DecisionStream {
  return new DecisionStream({ url: lapi.url, apiKey, ...NO_FILES, hasCountries });
}

interface Poll {
  isStartup: boolean | undefined;
  readonly added: Decision[];
  readonly deleted: Decision[];
}

/** All that one poll says. */
async function poll(stream: DecisionStream): Promise<Poll> {
  const all: Poll = { isStartup: undefined, added: [], deleted: [] };
  for await (const message of stream.poll()) {
    if (message.type === 'begin') all.isStartup = message.isStartup;
    if (message.type !== 'part') continue;
    all.added.push(...message.added);
    all.deleted.push(...message.deleted);
  }
  return all;
}

describe('DecisionStream', () => {
  it('asks for all decisions, then for changes', async () => {
    const lapi = await new Lapi().add(decide('192.0.2.7')).start();
    const stream = open(lapi);
    expect(await poll(stream)).toMatchObject({ isStartup: true, added: [{ value: '192.0.2.7' }], deleted: [] });
    lapi.add(decide('192.0.2.8'));
    lapi.remove(decide('192.0.2.7'));
    expect(await poll(stream)).toMatchObject({
      isStartup: false,
      added: [{ value: '192.0.2.8' }],
      deleted: [{ value: '192.0.2.7' }],
    });
    await poll(open(lapi, true));
    expect(lapi.asked).toEqual([
      '/v1/decisions/stream?startup=true&scopes=ip%2Crange',
      '/v1/decisions/stream?startup=false&scopes=ip%2Crange',
      '/v1/decisions/stream?startup=true&scopes=ip%2Crange%2Ccountry',
    ]);
    expect(lapi.userAgent).toMatch(/^spop-remediation\/\d/);
  });

  it.each([
    [500, 'expected status 200; found 500'],
    [403, 'expected status 200; found 403: is the API key, or the certificate, registered as a bouncer?'],
    ['malformed', 'JSON'],
  ] as const)('asks for all decisions again after a failure (%s), as the answer is lost', async (trouble, reason) => {
    const lapi = await new Lapi().start();
    const stream = open(lapi);
    await poll(stream);
    lapi.trouble = trouble;
    await expect(poll(stream)).rejects.toThrow(reason);
    lapi.trouble = undefined;
    expect(await poll(stream)).toMatchObject({ isStartup: true });
    expect(await poll(stream)).toMatchObject({ isStartup: false });
    lapi.stop();
    await expect(poll(stream)).rejects.toThrow();
    await lapi.start();
    expect(await poll(stream)).toMatchObject({ isStartup: true });
  });

  it('has large answers in parts, all decisions at once as they arrive and changes as a whole', async () => {
    const all = Array.from({ length: 2_500 }, (_, index) => decide(`10.0.${index >> 8}.${index & 255}`));
    const lapi = await new Lapi().add(...all).start();
    const stream = open(lapi);
    expect((await poll(stream)).added.map(({ value }) => value)).toEqual(all.map(({ value }) => value));
    lapi.add(...all);
    for (const decision of all.slice(0, 1_200)) lapi.remove(decision);
    lapi.remove(decide('192.0.2.7'));
    const sizes: unknown[] = [];
    for await (const message of stream.poll()) {
      if (message.type === 'part') sizes.push([message.deleted.length, message.added.length]);
    }
    // What is deleted and added stays.
    expect(sizes).toEqual([
      [1, 0],
      [0, 1_000],
      [0, 1_000],
      [0, 500],
    ]);
  });

  it('does not wait for an API that does not answer, or stops in the middle of an answer', async () => {
    const lapi = await new Lapi().start();
    const source = { url: lapi.url, apiKey: LAPI_KEY, ...NO_FILES, hasCountries: false };
    for (const trouble of ['hang', 'stall'] as const) {
      lapi.trouble = trouble;
      await expect(poll(new DecisionStream(source, 100))).rejects.toThrow(/Timeout/);
    }
  });
});
