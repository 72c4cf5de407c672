/** `latchkey serve`, which is killed between the commit of a revocation and its effect in the process. */
import { readConfig } from '#latchkey/config/index.ts';
import { serve } from '#latchkey/server.ts';
import { RevocationFeed } from '#latchkey/tokens/revocations.ts';

RevocationFeed.prototype.apply = (revocations) => {
  if (revocations.length > 0) process.kill(process.pid, 'SIGKILL');
};
await serve(readConfig());
