import { setFlagsFromString } from 'node:v8';

/**
 * Lets the space of young objects grow with the load, up to V8's own limit: requests would otherwise be half of what is alive whenever
 * it is full. While the service starts, and compiles its schemas, bin/memory.js holds it at
 * one megabyte, for it never gets smaller again.
 */
export function growYoungGeneration(): void {
  setFlagsFromString('--semi-space-growth-factor=2');
}
