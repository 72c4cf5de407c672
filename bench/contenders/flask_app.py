"""Flask with PyJWT: a decorator that requires an access level, as in the article. Served by gunicorn."""

import functools
import os

import jwt
from flask import Flask, g, jsonify, request

app = Flask(__name__)
PUBLIC_KEY = os.environ["BENCH_PUBLIC_KEY"]
ISSUER = "http://127.0.0.1"


def requires_access_level(minimum):
    def decorator(view):
        @functools.wraps(view)
        def guarded(*args, **kwargs):
            scheme, _, token = request.headers.get("Authorization", "").partition(" ")
            if scheme != "Bearer":
                return jsonify(message="Unauthorized"), 401
            try:
                g.user = jwt.decode(token, PUBLIC_KEY, algorithms=["ES256"], audience=ISSUER, issuer=ISSUER)
            except jwt.InvalidTokenError:
                return jsonify(message="Unauthorized"), 401
            if not g.user["access"] >= minimum:
                return jsonify(message="You do not have access to that page. Sorry!"), 403
            return view(*args, **kwargs)

        return guarded

    return decorator


@app.get("/")
@requires_access_level(1)
def index():
    return jsonify(message="You may come in", minimum=1)
