import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { Type } from 'typebox';
import { Ref } from '../../http/schemas.ts';
import { Problem } from '../../problems/problem.ts';
import { entryOf, isSlug, slugs } from '../../problems/registry.ts';

export const ProblemParams = Type.Object({
  slug: Type.String({ description: 'last part of the type of a problem', examples: ['access-denied'] }),
});

export const ProblemEntry = Type.Object(
  {
    type: Type.String({ format: 'uri', examples: ['http://127.0.0.1:3000/problems/access-denied'] }),
    slug: Type.String({ examples: ['access-denied'] }),
    status: Type.Integer({ examples: [403] }),
    title: Type.String({ examples: ['Access denied'] }),
    detail: Type.String({ examples: ['You do not have access to that page. Sorry!'] }),
  },
  { $id: 'ProblemEntry', description: 'A problem that the service can answer with.' },
);

const problems: FastifyPluginAsyncTypebox = async (app) => {
  app.addSchema(ProblemEntry);
  const { ownProblems } = app;
  const toEntry = (slug: string) => {
    const entry = isSlug(slug) ? entryOf(slug) : ownProblems.get(slug);
    if (entry === undefined) throw new Problem('not-found');
    return { type: `${app.config.publicUrl}/problems/${slug}`, slug, ...entry };
  };

  app.get('/', {
    config: { access: 'public' },
    schema: {
      operationId: 'listProblems',
      tags: ['Service'],
      summary: 'Every problem that the service can answer with',
      response: {
        200: Type.Object({ problems: Type.Array(Ref(ProblemEntry)) }, { description: 'The registry.' }),
      },
    },
    handler: async () => ({ problems: [...slugs, ...ownProblems.keys()].map(toEntry) }),
  });

  app.get('/:slug', {
    config: { access: 'public' },
    schema: {
      operationId: 'getProblem',
      tags: ['Service'],
      summary: 'One problem: the page that `type` points to',
      params: ProblemParams,
      response: { 200: Ref(ProblemEntry) },
    },
    handler: async ({ params }) => toEntry(params.slug),
  });
};

export default problems;
