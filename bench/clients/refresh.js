// Refreshes sessions, one a client, each with the token that the refresh before has got it.
import { post, serve } from './kit.js';

const tokens = (process.env.BENCH_REFRESH_TOKENS ?? '').split(' ');
await serve(async (client) => {
  const { refreshToken } = await post('/refresh', { refreshToken: tokens[client] });
  tokens[client] = refreshToken;
});
