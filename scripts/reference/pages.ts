import { describeAuditEvents } from './audit-events.ts';
import { describeCommands } from './cli.ts';
import { describeConfiguration } from './configuration.ts';
import type { Parts } from './fill-in.ts';
import { describeHttpApi } from './http-api.ts';
import { describeMetrics } from './metrics.ts';
import { describeProblems } from './problems.ts';

/** The pages with generated parts, and the function that makes the parts of each. */
export const pages: Readonly<Record<string, () => Parts | Promise<Parts>>> = {
  'docs/reference/http-api.md': describeHttpApi,
  'docs/reference/problems.md': describeProblems,
  'docs/reference/configuration.md': describeConfiguration,
  'docs/reference/cli.md': describeCommands,
  'docs/reference/metrics.md': describeMetrics,
  'docs/reference/audit-events.md': describeAuditEvents,
};
