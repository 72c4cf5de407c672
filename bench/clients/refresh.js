// Refreshes sessions, one per client, each with the token of the previous refresh.
import { post, serve } from './kit.js';

const tokens = (process.env.BENCH_REFRESH_TOKENS ?? '').split(' ');
await serve(async (client) => {
  const { refreshToken } = await post('/refresh', { refreshToken: tokens[client] });
  tokens[client] = refreshToken;
});
