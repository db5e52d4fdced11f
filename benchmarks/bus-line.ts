// What a life of the reference bus line costs: 20 buses, 25 stops a way, 14 hours; alone, and with the dispatch centre that holds buses.
// One thread. `node benchmarks/bus-line.ts [seeds] [rounds]`
import { availableParallelism, cpus } from 'node:os';
import { busLine } from '../experiments/bus-line.ts';
import { readSettings } from '../experiments/settings.ts';
import { LINE_POLICIES } from '../experiments/line-settings.ts';

const seeds = Number(process.argv[2] ?? 40);
const rounds = Number(process.argv[3] ?? 5);

/** CPU time of this process, ms: other work on the machine does not count. */
function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

const settings = readSettings(busLine, []);
const policies = LINE_POLICIES.map((policy) => {
  const roundsMs = Array.from({ length: rounds }, () => {
    const beganMs = cpuMs();
    for (let seed = 1; seed <= seeds; seed++) busLine.live(policy, seed, settings);
    return cpuMs() - beganMs;
  }).toSorted((a, b) => a - b);
  return {
    policy,
    medianMs: Math.round(roundsMs[Math.floor(rounds / 2)]!),
    slowestMs: Math.round(roundsMs.at(-1)!),
  };
});
console.log(
  JSON.stringify(
    { seeds, rounds, policies, cpu: cpus()[0]?.model, cores: availableParallelism(), node: process.version },
    undefined,
    2,
  ),
);
