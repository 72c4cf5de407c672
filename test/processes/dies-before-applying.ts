/** `latchkey serve`, which is killed between committing a revocation and obeying it. */
import { readConfig } from '#latchkey/config.js';
import { serve } from '#latchkey/server.js';
import { RevocationFeed } from '#latchkey/tokens/revocations.js';

RevocationFeed.prototype.apply = (revocations) => {
  if (revocations.length > 0) process.kill(process.pid, 'SIGKILL');
};
await serve(readConfig());
