/** Sends the request of docs/guides/arguments.md through HAProxy, and compares what arrives with its tables. */
import { readFileSync } from 'node:fs';
import { createAgent, DataType, defineMessage } from '@spop/agent';
import { describeHaproxies } from '@spop-internal/testbed/vitest';
import { expect, it } from 'vitest';
import { listenOnPort, startRig } from '../../packages/agent/test/e2e/haproxy-rig.ts';

const page = readFileSync(new URL('arguments.md', import.meta.url), 'utf8');
/** Each row's expression, type and value, without the name of the argument: some have the same. */
const rows = [...page.matchAll(/^\| `\w+=([^`]+)` +\| +([A-Z\d]+) +\| +(?:([^|]*?) +)?\|/gm)].map(
  ([, expression = '', type = '', value = '']) => ({ expression, type, value }),
);
const [, target = '', headerLines = '', body = ''] =
  /```http\nPOST (\S+) HTTP\/1.1\n(.*?)\n\n(.*?)\n```/s.exec(page) ?? [];
const headers: Record<string, string> = {};
for (const [, name = '', value = ''] of headerLines.matchAll(/^(.*?): (.*)$/gm)) headers[name] = value;

const typeNames = new Map(Object.entries(DataType).map(([name, type]) => [type, name.toUpperCase()]));

/** The form of values that differ from run to run or do not fit into a table, by their expressions. */
const shapes: Readonly<Record<string, RegExp>> = {
  'req.hdrs': /^(.+: .*\r\n)+\r\n$/,
  'req.hdrs_bin': /host.*Shop\.Example\.com/is,
  'req.body,sha2(256),hex': /^[\dA-F]{64}$/,
  'uuid()': /^[\da-f-]{36}$/,
};

it('reads the page', () => {
  expect(rows.length).toBeGreaterThan(30);
  expect(headers).toMatchObject({ Host: 'Shop.Example.com:8080' });
});

describeHaproxies('the cookbook of arguments', (release) => {
  it('says what arrives', async () => {
    const arrived: { type: string; value: string }[] = [];
    const agent = createAgent();
    agent.onMessage(defineMessage('cookbook', {}), () => {});
    agent.onNotify((notify) => {
      for (const messages = notify.walk(); messages.next();) {
        while (messages.nextArgument()) {
          const { type } = messages.value;
          arrived.push({ type: typeNames.get(type) ?? '', value: messages.value.toString() });
        }
      }
    });
    const { client } = await startRig(
      release,
      await listenOnPort(agent),
      {
        messages: { cookbook: { args: '', event: 'on-frontend-http-request' } },
        frontendLines: ['option http-buffer-request'],
      },
      (config) =>
        config.replace(
          /^ +args .*$/m,
          rows.map(({ expression }, index) => `  args a${index}=${expression}`).join('\n'),
        ),
    );
    await client.request({ path: target, headers, body });
    expect(arrived).toHaveLength(rows.length);
    const asOnPage = rows.map(({ expression, type, value }, index) => {
      const found = arrived[index];
      const isAlike = shapes[expression]?.test(found?.value ?? '') ?? found?.value === value;
      return { expression, type: found?.type, value: isAlike ? value : found?.value, typeOnPage: type };
    });
    expect(asOnPage).toEqual(rows.map((row) => ({ ...row, typeOnPage: row.type })));
  });
});
