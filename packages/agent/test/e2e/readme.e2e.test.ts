import { readFileSync } from 'node:fs';
import { address, defineMessage, defineVariable, int32 } from '@spop/codec';
import { expect, it } from 'vitest';
import { Haproxy } from '@spop-internal/testbed/haproxy/haproxy';
import { describeHaproxies, stopAfterTest } from '@spop-internal/testbed/vitest';
import { connectAs, createReportingAgent, listenOnPort } from './haproxy-rig.ts';

const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');

/** The configuration file of this name in the README, with all `replacements` made; each of them must apply. */
function shownFile(name: string, replacements: Readonly<Record<string, string>> = {}): string {
  let text = new RegExp(`^\`\`\`\\n(# ${name}\\n.*?)^\`\`\``, 'ms').exec(readme)?.[1] ?? '';
  for (const [from, to] of Object.entries(replacements)) {
    expect(text).toContain(from);
    text = text.replace(from, to);
  }
  return text;
}

/** A line that stops the warning of HAProxy 3.3 and later when root runs the tests. */
const AS_ROOT = process.getuid?.() === 0 ? 'global\n  uid 0\n  chroot /\n' : '';

describeHaproxies('the configuration in the README', ({ program }) => {
  it('asks the agent in ten lines, and denies clients with the score 100', async () => {
    const { agent } = createReportingAgent();
    const ipScore = defineVariable('sess', 'ip_score', int32);
    agent.onMessage(defineMessage('check-client-ip', { ip: address }), ({ ip }, ack) => {
      ack.set(ipScore, ip.equals('192.0.2.1') ? 100 : 0);
    });
    const shown = shownFile('haproxy.cfg', {
      'bind 127.0.0.1:8080': 'bind "unix@${RUN_DIR}/http.sock" accept-proxy',
      '127.0.0.1:9000': await listenOnPort(agent),
    });
    const files = { 'spoe.conf': shownFile('spoe.conf') };
    const haproxy = stopAfterTest(await Haproxy.start({ program, config: `${AS_ROOT}${shown}`, files }));
    const statusFor = async (client: string): Promise<number> => (await connectAs(client, haproxy).request()).status;
    expect(await statusFor('192.0.2.1')).toBe(403);
    expect(await statusFor('192.0.2.2')).toBe(200);
    expect(haproxy.log).not.toMatch(/warning|alert|DOWN/i);
  });
});
