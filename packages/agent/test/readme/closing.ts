import { closeOnSignals, createAgent } from '@spop/agent';

const agent = createAgent();
closeOnSignals(agent, {
  graceMs: 5_000,
  onSignal: (signal) => console.log(`stopping on ${signal}`),
  afterClose: () => console.log('stopped'), // then the process ends with exit code 0
});
