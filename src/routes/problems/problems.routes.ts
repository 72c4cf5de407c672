import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { Type } from 'typebox';
import { Ref } from '../../http/schemas.ts';
import { Problem } from '../../problems/problem.ts';
import { entryOf, isSlug, slugs } from '../../problems/registry.ts';
import { ProblemEntry } from './problems.schemas.ts';

export const ProblemParams = Type.Object({
  slug: Type.String({ description: 'last part of the type of a problem', examples: ['access-denied'] }),
});

const problems: FastifyPluginAsyncTypebox = async (app) => {
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
