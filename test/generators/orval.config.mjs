const input = './openapi.json';

export default {
  fetch: {
    input,
    output: { target: './generated/orval.ts', client: 'fetch', baseUrl: process.env.SERVICE_URL },
  },
  zod: { input, output: { target: './generated/zod.ts', client: 'zod' } },
};
