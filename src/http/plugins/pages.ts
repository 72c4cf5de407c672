import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import fastifyStatic from '@fastify/static';
import type { FastifyInstance, FastifyReply } from 'fastify';
import fp from 'fastify-plugin';
import { withAccess } from '../../access/declaration.ts';
import { packageRoot } from '../../config/index.ts';
import { answerRefusedFiles } from '../refused-files.ts';

/** The files that `npm run build:web` makes of `web/`. */
const FOLDER = resolve(packageRoot, 'web/dist');

/** The line of `web/index.html` that is replaced: links and assets of the page are relative to it. */
const BASE = '<base href="/ui/" />';

/**
 * The pages run their own files only, and send requests to this origin only. No text becomes code: neither
 * inline, nor as HTML (Trusted Types). Forms are sent by scripts, so that none leaves its values in a URL.
 */
const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "base-uri 'self'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join('; ');

/** The features that the pages use: passkeys, and the clipboard for recovery codes. All others are off. */
const PERMISSIONS_POLICY = [
  'publickey-credentials-create=(self)',
  'publickey-credentials-get=(self)',
  'clipboard-write=(self)',
  ...['camera', 'display-capture', 'geolocation', 'microphone', 'payment', 'usb'].map((name) => `${name}=()`),
].join(', ');

/**
 * The pages for people, at /ui. They are files: each path below /ui that is none of the assets gets the same
 * HTML, whose script shows the page of the path. The names of assets contain a hash of their contents.
 */
async function pages(app: FastifyInstance) {
  const { hasPages, publicUrl } = app.config;
  if (!hasPages) return;
  const html = await readPage(new URL(publicUrl).pathname);
  if (html === undefined) {
    app.log.warn('The pages at /ui are not built: npm run build:web');
    return;
  }
  const route = { config: { access: 'public' }, schema: { hide: true } } as const;
  const handler = async (_request: unknown, reply: FastifyReply) => {
    reply.headers({
      'cache-control': 'no-cache',
      'content-security-policy': CONTENT_SECURITY_POLICY,
      'content-type': 'text/html; charset=utf-8',
      'cross-origin-opener-policy': 'same-origin',
      'permissions-policy': PERMISSIONS_POLICY,
      'referrer-policy': 'no-referrer',
    });
    return html;
  };
  app.get('/ui', { ...route, handler });
  app.get('/ui/*', { ...route, handler });
  const assets = async (scope: FastifyInstance) => {
    answerRefusedFiles(scope);
    await scope.register(fastifyStatic, {
      root: resolve(FOLDER, 'assets'),
      prefix: '/ui/assets/',
      decorateReply: false,
      preCompressed: true,
      immutable: true,
      maxAge: '365d',
      index: false,
    });
  };
  await app.register(withAccess('public', assets));
}

/** Reads the HTML, with the path of the pages in it. @returns undefined in a checkout without a build */
async function readPage(pathname: string): Promise<string | undefined> {
  const html = await readFile(resolve(FOLDER, 'index.html'), 'utf8').catch(() => undefined);
  const path = `${pathname.replace(/\/$/, '')}/ui/`;
  return html?.replace(BASE, `<base href="${path.replaceAll('&', '&amp;')}" />`);
}

export default fp(pages, { name: 'pages', fastify: '5.x', dependencies: ['latchkey-access'] });
