import { describe, expect, it } from 'vitest';
import { DecisionStream } from './decision-stream.ts';
import { decide, Lapi, LAPI_KEY } from './testing.ts';

const NO_FILES = { certPath: undefined, keyPath: undefined, caPath: undefined };

function open(lapi: Lapi, hasCountries = false, apiKey = LAPI_KEY): DecisionStream {
  return new DecisionStream({ url: lapi.url, apiKey, ...NO_FILES, hasCountries });
}

describe('DecisionStream', () => {
  it('asks for all decisions, then for changes', async () => {
    const lapi = await new Lapi().add(decide('192.0.2.7')).start();
    const stream = open(lapi);
    expect(await stream.poll()).toMatchObject({ isStartup: true, added: [{ value: '192.0.2.7' }], deleted: [] });
    lapi.add(decide('192.0.2.8'));
    lapi.remove(decide('192.0.2.7'));
    expect(await stream.poll()).toMatchObject({
      isStartup: false,
      added: [{ value: '192.0.2.8' }],
      deleted: [{ value: '192.0.2.7' }],
    });
    await open(lapi, true).poll();
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
    await stream.poll();
    lapi.trouble = trouble;
    await expect(stream.poll()).rejects.toThrow(reason);
    lapi.trouble = undefined;
    expect(await stream.poll()).toMatchObject({ isStartup: true });
    expect(await stream.poll()).toMatchObject({ isStartup: false });
    lapi.stop();
    await expect(stream.poll()).rejects.toThrow();
    await lapi.start();
    expect(await stream.poll()).toMatchObject({ isStartup: true });
  });

  it('does not wait for an API that does not answer', async () => {
    const lapi = await new Lapi().start();
    lapi.trouble = 'hang';
    const source = { url: lapi.url, apiKey: LAPI_KEY, ...NO_FILES, hasCountries: false };
    await expect(new DecisionStream(source, 100).poll()).rejects.toThrow(/Timeout/);
  });
});
