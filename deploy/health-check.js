// Exits with 0 when the service of this container is ready: what HEALTHCHECK asks, without a curl in the image.
const url = `http://127.0.0.1:${process.env.PORT ?? 3000}/health/ready`;
const ready = await fetch(url, { signal: AbortSignal.timeout(4_000) }).then(
  ({ ok }) => ok,
  () => false,
);
process.exitCode = ready ? 0 : 1;
