#!/usr/bin/env node
// Starts under Node >= 20: installs what a fresh clone lacks, then runs the command on a Node that reads TypeScript (>= 22.18), this one
// or the one the clone brought along.
import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { keepHeapSmall, nodeFlags, startWithFlags } from './memory.js';
import { canRunTypeScript, installMissing, keepCompiled, projectNode } from './prepare.js';

installMissing();
if (canRunTypeScript(process.versions.node)) {
  startWithFlags();
  keepCompiled();
  keepHeapSmall();
  await import('../cli/main.ts');
} else {
  const node = projectNode();
  if (node === undefined) {
    console.error(`citytwin needs Node 22.18 or newer (24 LTS is best), this is ${process.versions.node}`);
    process.exit(2);
  }
  const child = spawn(node, [...nodeFlags(), ...process.execArgv, process.argv[1], ...process.argv.slice(2)], {
    stdio: 'inherit',
  });
  // A terminal sends Ctrl-C to both of us; the child decides when it is done.
  process.on('SIGINT', () => {});
  process.on('SIGTERM', () => child.kill('SIGTERM'));
  process.on('SIGHUP', () => child.kill('SIGHUP'));
  // A child that a signal ended has not answered: never 0, as shells say it.
  child.on('exit', (code, signal) => {
    process.exitCode = code ?? 128 + (constants.signals[signal] ?? 0);
  });
}
