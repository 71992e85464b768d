/** Runs one subject of a case for some seconds, which profile.ts records. */
import { cpuMilliseconds, warmUp } from '../harness/stopwatch.ts';
import { prepare } from './catalogue.ts';

const [file = '', name = '', subject = '', seconds = ''] = process.argv.slice(2);
const { work } = await prepare(file, name, subject);
const count = await warmUp(work, 500, 2);
const end = cpuMilliseconds() + Number(seconds) * 1_000;
while (cpuMilliseconds() < end) await work(count);
process.exit();
