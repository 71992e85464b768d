import { createServer } from 'node:tls';
import { createAgent } from '@spop/agent';

const agent = createAgent();
await agent.listen('127.0.0.1:9000'); // resolves to { host, port }; port 0 is any free one
await agent.listen(':9000'); // all addresses of the machine; '[::1]:9000', 'agent.internal:9000', 'unix:/run/spop.sock'
await agent.listen({ host: '127.0.0.1', port: 9000 }); // the same as the first, as an object
await agent.listen({ host: '::1', port: 9000 }); // as many as you like
await agent.listen({ path: '/run/spop.sock', mode: 0o660 }); // a unix socket; the file of a dead agent is replaced
await agent.listen({ fd: 3 }); // opened by systemd

// Any Duplex stream is a connection: TLS, or one end of a duplexPair() in a test.
createServer({}, (socket) => agent.handle(socket));
