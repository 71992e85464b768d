import { fileURLToPath } from 'node:url';
import { connect, data } from '@spop/builder';
import { ContainerImages, whyNoContainers } from '@spop-internal/testbed/container-images';
import { freePort } from '@spop-internal/testbed/ports';
import { describeWith, stopAfterTest } from '@spop-internal/testbed/vitest';
import { expect, it, onTestFinished } from 'vitest';
import { ask, SPARING } from '../testing.ts';

const NODE_IMAGE = 'node:24-bookworm-slim';
const TOP = fileURLToPath(new URL('../../../../', import.meta.url));
const missing = whyNoContainers();
if (missing !== undefined && process.env['CI']) throw new Error(`expected to build a container; ${missing}`);

await describeWith(
  { packages: ['dash', 'coreutils', 'libstdc++6'], suites: ['bookworm'] },
  'the container',
  (programs) => {
    it.skipIf(missing !== undefined)(
      `runs as any user, writes nothing, and reports its health${missing === undefined ? '' : `: ${missing}`}`,
      { timeout: 300_000 },
      async () => {
        const images = stopAfterTest(await ContainerImages.make());
        await images.makeNodeBase(NODE_IMAGE, `${programs}/../root`);
        await images.build('agent', fileURLToPath(new URL('Containerfile', import.meta.url)), TOP);
        const config = await images.configOf('agent');
        expect(config.User).toMatch(/^[1-9]\d*:0$/);
        const [kind, ...check] = config.Healthcheck?.Test ?? [];
        expect([kind, check.slice(0, 3)]).toEqual(['CMD', ['spop', 'ping', ':9000']]);

        const uid = 1_000_000_000 + Math.floor(Math.random() * 1e6);
        const port = await freePort();
        const env = { ...SPARING, SPOE_ADDR: `127.0.0.1:${port}`, METRICS_ADDR: '' };
        const root = await images.unpack('agent');
        const agent = stopAfterTest(images.run(root, config, { uid, env }));
        await agent.says(/^listening on/m);
        const ping = check.map((word) => (word === ':9000' ? `127.0.0.1:${port}` : word));
        expect(await images.run(root, config, { uid, command: ping }).ended).toBe('exit code 0');

        const peer = await connect({ host: '127.0.0.1', port }, { timeoutMs: 10_000 });
        onTestFinished(() => peer.close());
        const client = { ip_src: data.address('192.0.2.7') };
        expect(await ask(peer, client)).toMatchObject({ ip_score: 0, rate_remaining: 2, rate_source: 'memory' });

        const writing = images.run(root, config, { uid: 0, command: ['sh', '-c', 'id -u; echo >/app/x'] });
        expect([await writing.ended, writing.output]).toEqual([
          'exit code 2',
          expect.stringMatching(/^0\n.*Read-only/),
        ]);
        expect(await agent.stop()).toBe('exit code 0');
        expect(await images.run(root, config, { uid, command: ping }).ended).toBe('exit code 1');
      },
    );
  },
);
