import { type Call, type Command, ExitCode } from '../command.ts';
import { openPeer } from '../peer.ts';
import { parseTarget, targetOptions } from '../target.ts';
import { expectWords } from '../words.ts';

/** Makes the health check of `option spop-check`. */
export const command: Command = {
  usage: 'ping TARGET [options]',
  about: `Makes the health check of HAProxy ("option spop-check"): the same HAPROXY-HELLO, byte for byte, an AGENT-HELLO for it, and a close. TARGET is host:port or unix:/path.
For a container's HEALTHCHECK and for probes: --quiet prints only errors, and --timeout is for the whole check.`,
  options: {
    quiet: { short: 'q', about: 'print nothing if the agent is up' },
    json: { about: 'one line of JSON' },
    ...targetOptions,
  },
  examples: [
    ['spop ping 127.0.0.1:9000', 'is the agent up?'],
    ['spop ping unix:/run/agent.sock --quiet --timeout 2s', 'in a container'],
    ['spop ping agent.internal:9000 --tls --ca ca.pem', 'over TLS'],
  ],
  async run({ args, output }: Call): Promise<number> {
    const [address] = expectWords(args.words, 1, command.usage);
    const target = parseTarget(address, args);
    const start = performance.now();
    const peer = await openPeer(target, { haproxy: '3.2', strict: true, isTotal: true });
    try {
      const agreed = await peer.healthcheck();
      const milliseconds = Math.round((performance.now() - start) * 100) / 100;
      output.print(`${target.text} is up: SPOP ${agreed.version}, ${milliseconds} ms`);
      output.json({ target: target.text, up: true, milliseconds, ...agreed });
      return ExitCode.Good;
    } finally {
      peer.close();
    }
  },
};
