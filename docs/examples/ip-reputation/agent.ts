/**
 * An agent that tells HAProxy how bad a client's address is.
 *
 *   node --conditions=@spop/source docs/examples/ip-reputation/agent.ts
 *
 * SPOE_ADDR   where to listen: 127.0.0.1:9000 (default), [::1]:9000, :9000 (all addresses), unix:/run/spop.sock
 * SCORES      the table of scores; ip-scores.txt beside this file by default
 */
import { fileURLToPath } from 'node:url';
import { closeOnSignals, createAgent, formatListenAddress, textLogger } from '@spop/agent';
import { checkClientIp, ipScore } from './messages.ts';
import { messageOf } from '../shared/message-of.ts';
import { TableFile } from './table-file.ts';

/** How long a request that HAProxy has already asked about may still take when the agent is told to stop. */
const GRACE_MS = 5000;

async function main(): Promise<void> {
  const scores = await TableFile.open(
    process.env['SCORES'] ?? fileURLToPath(new URL('ip-scores.txt', import.meta.url)),
    {
      onReload: (file) => console.log(`read ${file.path} again: ${file.size} addresses and ranges`),
      onError: (problem) => console.error(`${problem}\nthe scores of before stay in use`),
    },
  );

  const agent = createAgent({
    // The session may hold the score of an earlier request's client: what is not known now must not stay known.
    fallback: (_, ack) => void ack.unset(ipScore),
    // One line an event on stderr, of each kind ten in ten seconds at most.
    logger: textLogger(),
  });
  agent.onMessage(checkClientIp, ({ ip }, ack) => {
    if (ip === undefined) ack.unset(ipScore);
    else ack.set(ipScore, scores.score(ip));
  });

  closeOnSignals(agent, {
    graceMs: GRACE_MS,
    onSignal: (signal) => {
      console.log(`stopping on ${signal}`);
      scores.close();
    },
    afterClose: () => console.log('stopped'),
  });

  const listening = await agent.listen(process.env['SPOE_ADDR'] ?? '127.0.0.1:9000');
  console.log(`scores        ${scores.path}: ${scores.size} addresses and ranges`);
  console.log(`answers       check-client-ip (ip) with sess.ip_score, 0 to 100 (worst)`);
  console.log(`process       ${process.pid}, Node ${process.version}; stops on SIGTERM and SIGINT`);
  // The last line: who waits for it knows that everything is ready.
  console.log(`listening on  ${formatListenAddress(listening)}`);
}

try {
  await main();
} catch (error) {
  console.error(messageOf(error));
  process.exitCode = 1;
}
