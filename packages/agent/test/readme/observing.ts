import { createServer } from 'node:http';
import { createAgent, PROMETHEUS_CONTENT_TYPE, textLogger, toPrometheusText } from '@spop/agent';

const agent = createAgent({
  logger: textLogger(), // one line for each event; or pino(), or console
  hooks: {
    handlerTimeout: ({ streamId }) => console.log(`stream ${streamId} got the fallback`),
    eventLoopBlocked: ({ blockedMs }) => console.log(`no NOTIFY was answered for ${blockedMs} ms`),
  },
});

const { notifies, latency } = agent.toMetrics();
console.log(`${notifies} NOTIFYs, 99 of 100 within ${latency.p99Ms} ms`);

export const scraped = createServer((_, response) => {
  response.setHeader('content-type', PROMETHEUS_CONTENT_TYPE).end(toPrometheusText(agent.toMetrics()));
});
