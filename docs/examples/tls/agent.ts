/**
 * An agent behind TLS, which answers only a HAProxy with a certificate of the right authority.
 *
 *   node --conditions=@spop/source docs/examples/tls/agent.ts
 *
 * SPOE_ADDR      where to listen: 127.0.0.1:9443 by default
 * CERTIFICATES   the folder with ca.pem, agent.pem and agent.key, as make-certificates.sh makes them; ./certificates
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createServer } from 'node:tls';
import { closeOnSignals, createAgent, formatListenAddress, parseListenAddress, textLogger } from '@spop/agent';
import { checkClientIp, network } from './messages.ts';

const certificates = process.env['CERTIFICATES'] ?? 'certificates';
const target = parseListenAddress(process.env['SPOE_ADDR'] ?? '127.0.0.1:9443');

const agent = createAgent({ logger: textLogger() });
agent.onMessage(checkClientIp, ({ ip }, ack) => {
  ack.set(network, ip?.family === 6 ? 'IPv6' : 'IPv4');
});

const server = createServer({
  cert: readFileSync(join(certificates, 'agent.pem')),
  key: readFileSync(join(certificates, 'agent.key')),
  ca: readFileSync(join(certificates, 'ca.pem')),
  // Without these two, any program that reaches the port can ask the agent.
  requestCert: true,
  rejectUnauthorized: true,
  handshakeTimeout: 5000,
});
server.on('secureConnection', (socket) => agent.handle(socket));
server.on('tlsClientError', (error, { remoteAddress = 'a client that has left' }) => {
  console.error(`no TLS with ${remoteAddress}: ${error.message.trim()}`);
});

closeOnSignals(agent, { onSignal: () => void server.close() });
server.listen(target, () => {
  const bound = server.address();
  if (bound === null) throw new Error('expected a server that listens to have an address');
  const listening = typeof bound === 'string' ? { path: bound } : { host: bound.address, port: bound.port };
  console.log(`listening on  ${formatListenAddress(listening)}`);
});
