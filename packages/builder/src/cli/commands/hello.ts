import { type Call, type Command, ExitCode } from '../command.ts';
import { haproxyOption, leave, lineOf, openPeer, reportViolations } from '../peer.ts';
import { parseTarget, targetOptions } from '../target.ts';
import { expectWords } from '../words.ts';

/** Makes a handshake, and shows the agent's side of it. */
export const command: Command = {
  usage: 'hello TARGET [options]',
  about: `Makes the handshake of HAProxy with an agent, shows what the agent agreed to, and ends the connection with a HAPROXY-DISCONNECT. Errors that HAProxy would refuse, or ignore silently, are reported on stderr.`,
  options: { json: { about: 'one line of JSON' }, ...haproxyOption, ...targetOptions },
  examples: [
    ['spop hello 127.0.0.1:9000', 'what does the agent announce?'],
    ['spop hello 127.0.0.1:9000 --haproxy 2.6 --json', 'to HAProxy 2.6, for a program'],
  ],
  async run({ args, output }: Call): Promise<number> {
    const [address] = expectWords(args.words, 1, command.usage);
    const target = parseTarget(address, args);
    const peer = await openPeer(target, { haproxy: lineOf(args), strict: false });
    try {
      const agreed = await peer.hello();
      const { version, maxFrameSize, capabilities } = agreed;
      output.print(`version         ${version}`);
      output.print(`max-frame-size  ${maxFrameSize} bytes; HAProxy offered ${peer.preset.maxFrameSize}`);
      output.print(`capabilities    ${capabilities.join(', ') || 'none'}`);
      const complaint = await leave(peer);
      output.json({
        target: target.text,
        ...agreed,
        offeredMaxFrameSize: peer.preset.maxFrameSize,
        violations: peer.violations,
      });
      if (complaint !== undefined) output.warn(complaint);
      return reportViolations(peer.violations, output) ? ExitCode.Negative : ExitCode.Good;
    } finally {
      peer.close();
    }
  },
};
