// Express with passport-jwt, as in its README.
import express from 'express';
import passport from 'passport';
import { ExtractJwt, Strategy } from 'passport-jwt';
import { announce, answer, issuer, makeTokens, publicKey } from './kit.js';

passport.use(
  new Strategy(
    {
      jwtFromRequest: ExtractJwt.fromAuthHeaderAsBearerToken(),
      secretOrKey: publicKey,
      algorithms: ['ES256'],
      issuer,
      audience: issuer,
    },
    (payload, done) => done(null, payload),
  ),
);

const app = express();
const requireAccess = (minimum) => (request, response, next) =>
  request.user.access >= minimum ? next() : response.status(403).json({ message: 'Forbidden' });
app.get('/', passport.authenticate('jwt', { session: false }), requireAccess(1), (_request, response) => {
  response.json(answer);
});
const server = app.listen(0, '127.0.0.1', () => announce(server.address().port, makeTokens()));
