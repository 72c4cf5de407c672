import { Type } from 'typebox';

export const ProblemEntry = Type.Object(
  {
    type: Type.String({ format: 'uri', examples: ['http://localhost:3000/problems/access-denied'] }),
    slug: Type.String({ examples: ['access-denied'] }),
    status: Type.Integer({ examples: [403] }),
    title: Type.String({ examples: ['Access denied'] }),
    detail: Type.String({ examples: ['You do not have access to that page. Sorry!'] }),
  },
  { $id: 'latchkey.ProblemEntry', description: 'A problem that the service can answer with.' },
);
