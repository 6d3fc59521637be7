"""fakesnow as a server for our tests: prints its port, and ends with its standard input.

fakesnow (https://github.com/tekumara/fakesnow) runs Snowflake's SQL on DuckDB. Around its handler of queries this does
what fakesnow 0.11.14 does not:

- BEGIN opens the transaction, but is answered with an error, which becomes a success
- HYBRID tables are ordinary tables, without their indexes
- ALTER SESSION, USE WAREHOUSE, USE ROLE, USE SECONDARY ROLES and everything about warehouses succeed and do nothing
- there is one warehouse, BENCH_WH, which is always started and does nothing
- a NULL whose type is not said is a TEXT, and a time that is NULL is read as NULL, not as 1970
- a key that is there already and a NULL where none may be are errors, as of a hybrid table
- a MERGE with arguments is DuckDB's own, which takes them anywhere, but tells 0 rows
- what fakesnow cannot do at all is an error of the statement with the number 9999, not HTTP 500
- statements run one at a time
- a row that another transaction has changed is an error at once: DuckDB has no locks to wait for. A session that keeps a
  transaction open and has said nothing for a second is ended then; Snowflake waits for five minutes
- a session that ends takes back what it has not committed
- a request that comes again is answered as before: the driver repeats one whose answer broke off
- what a statement becomes in DuckDB is kept: fakesnow works for up to a second on one with many columns
"""

import asyncio
import functools
import json
import logging
import os
import re
import socket
import threading
import time
from importlib import import_module

import duckdb
import pyarrow as pa
import sqlglot
import uvicorn
from fakesnow import arrow, cursor, transforms
from fakesnow.cursor import FakeSnowflakeCursor
from snowflake.connector.errors import ProgrammingError
from sqlglot import exp
from sqlglot.errors import ParseError
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

server = import_module("fakesnow.server")  # fakesnow itself has a function of this name

NOTHING = re.compile(
    r"\s*(ALTER\s+SESSION|USE\s+(WAREHOUSE|ROLE|SECONDARY)|(CREATE|ALTER|DROP)\s+(OR\s+REPLACE\s+)?WAREHOUSE)\b", re.I
)
WAREHOUSES = re.compile(r"\s*SHOW\s+WAREHOUSES\b", re.I)
WAREHOUSE = """
SELECT 'BENCH_WH' AS "name", 'STARTED' AS "state", 'STANDARD' AS "type", 'X-Small' AS "size", 1 AS "min_cluster_count",
       1 AS "max_cluster_count", 1 AS "started_clusters", 0 AS "running", 0 AS "queued", 60 AS "auto_suspend",
       'STANDARD' AS "scaling_policy"
"""
CURRENT = re.compile(r"\bCURRENT_WAREHOUSE\(\)", re.I)
HYBRID = re.compile(r"\b(CREATE\s+(?:OR\s+REPLACE\s+)?)HYBRID\s+(TABLE)\b", re.I)
INDEX = re.compile(r",\s*INDEX\s+\w+\s*\([^()]*\)(\s*INCLUDE\s*\([^()]*\))?", re.I)
PREFIX = re.compile(r"\d{6} \(\w+\): ")  # which Snowflake's Python connector writes before a message, not the service
END = re.compile(r"\s*(COMMIT|ROLLBACK)\b", re.I)
BEGIN = re.compile(r"\s*BEGIN(\s+TRANSACTION)?\s*;?\s*$", re.I)


def rewritten(sql: str) -> str:
    if NOTHING.match(sql):
        return "SELECT 'Statement executed successfully.' AS status"
    if WAREHOUSES.match(sql):
        return WAREHOUSE
    if HYBRID.search(sql):
        return INDEX.sub("", HYBRID.sub(r"\1\2", sql))
    return CURRENT.sub("'BENCH_WH'", sql)


def constrained(execute):
    """Cursor.execute with the errors of constraints, and of all else, as Snowflake has them."""

    def wrapped(*args, **kwargs):
        try:
            return execute(*args, **kwargs)
        except duckdb.ConstraintException as e:
            if "NOT NULL" in str(e):
                raise ProgrammingError(msg="NULL result in a non-nullable column", errno=100072, sqlstate="22000") from None
            raise ProgrammingError(msg="A primary key already exists.", errno=200001, sqlstate="22000") from None
        except duckdb.TransactionException as e:
            if "Conflict" not in str(e):
                raise ProgrammingError(msg=f"fakesnow: {e}", errno=9999, sqlstate="99999") from None
            raise ProgrammingError(msg="Another transaction has locked a row.", errno=625, sqlstate="57014") from None
        except duckdb.Error as e:
            raise ProgrammingError(msg=f"fakesnow: {type(e).__name__}: {e}", errno=9999, sqlstate="99999") from None

    return wrapped


FakeSnowflakeCursor.execute = constrained(FakeSnowflakeCursor.execute)


def nullable(to_struct):
    """timestamp_to_sf_struct of fakesnow.arrow with times that are NULL."""

    def wrapped(times):
        if isinstance(times, pa.ChunkedArray):
            times = times.combine_chunks()
        whole = to_struct(times.fill_null(0))
        return pa.StructArray.from_arrays(whole.flatten(), fields=list(whole.type), mask=times.is_null())

    return wrapped


def merged(merge):
    """transforms.merge with arguments in more than one place."""

    def wrapped(statement):
        if isinstance(statement, exp.Merge) and statement.find(exp.Placeholder):
            return [statement, sqlglot.parse_one('SELECT 0 AS "number of rows inserted", 0 AS "number of rows updated"')]
        return merge(statement)

    return wrapped


# Statements that become the same in every session.
KEPT = re.compile(r"\s*(MERGE|INSERT|UPDATE|DELETE|SELECT|CREATE\s+TABLE|DROP\s+TABLE)\b", re.I)
trees = {}  # by text


def kept_tree(sql, read):
    """parse_one as fakesnow uses it. Nobody changes a tree that is kept: what fakesnow does to one begins with a copy."""
    if not KEPT.match(sql):
        return sqlglot.parse_one(sql, read=read)
    if sql not in trees:
        trees[sql] = sqlglot.parse_one(sql, read=read)
        trees[sql].meta["becomes"] = None
    return trees[sql]


def kept_transform(transform):
    """FakeSnowflakeCursor._transform, once for a tree that is kept."""

    def wrapped(self, tree, params):
        if "becomes" not in tree.meta:
            return transform(self, tree, params)
        if tree.meta["becomes"] is None:
            becomes = tree.meta["becomes"] = transform(self, tree, params)
            becomes.sql = functools.cache(becomes.sql)
        return tree.meta["becomes"]

    return wrapped


server.parse_one = cursor.parse_one = kept_tree
FakeSnowflakeCursor._transform = kept_transform(FakeSnowflakeCursor._transform)
transforms.merge = merged(transforms.merge)
arrow.timestamp_to_sf_struct = nullable(arrow.timestamp_to_sf_struct)


class Replay:
    """A request with another body than the one that came."""

    def __init__(self, request: Request, body: bytes):
        self.headers = {k: v for k, v in request.headers.items() if k.lower() != "content-encoding"}
        self.headers = request.headers.__class__(self.headers)
        self.query_params = request.query_params
        self._body = body

    async def body(self) -> bytes:
        return self._body


one_at_a_time = asyncio.Lock()
heard = {}  # when a session with an open transaction said something, by its token


def database(token: str) -> str | None:
    conn = server.sessions.get(token)
    return conn and conn.database


def end_session(token: str) -> None:
    heard.pop(token, None)
    last.pop(token, None)
    if conn := server.sessions.pop(token, None):
        try:
            conn._duck_conn.rollback()
        except duckdb.TransactionException:
            pass  # there was none


async def session(request: Request) -> JSONResponse:
    if request.query_params.get("delete"):
        async with one_at_a_time:
            end_session(server.to_token(request))
    return JSONResponse({"data": None, "code": None, "message": None, "success": True})


last = {}  # of a session, by its token: the id of its last request, and the answer


async def query(request: Request) -> JSONResponse:
    token, again = server.to_token(request), request.query_params.get("requestId")
    async with one_at_a_time:
        if last.get(token, (None,))[0] != again:
            last[token] = again, await answered(request, token)
        return last[token][1]


async def answered(request: Request, token: str) -> JSONResponse:
    said = json.loads(await request.body())
    begin = BEGIN.match(said["sqlText"])
    said["sqlText"] = rewritten(said["sqlText"])
    for binding in (said.get("bindings") or {}).values():
        if binding["value"] is None:
            binding["type"] = "TEXT"
    try:
        answer = await server.query_request(Replay(request, json.dumps(said).encode()))
    except ProgrammingError as e:  # fakesnow itself catches only what happens while a statement runs
        return error(f"{e.errno:06d}", e.raw_msg or str(e))
    except ParseError as e:
        # its place is not where Snowflake would see the error
        return error("001003", f"SQL compilation error:\nsyntax error unexpected '{e.errors[0]['highlight']}'.")
    body = json.loads(answer.body)
    if PREFIX.match(str(body.get("message"))):
        body["message"] = PREFIX.sub("", body["message"])
        answer = JSONResponse(body)
    now = time.monotonic()
    if body.get("code") == "000625":
        for other in [t for t, at in heard.items() if now - at > 1 and database(t) == database(token)]:
            end_session(other)
    if begin:
        heard[token] = now
    elif END.match(said["sqlText"]):
        heard.pop(token, None)
    elif token in heard:
        heard[token] = now
    if begin and body.get("code") == "002003":
        return JSONResponse({"data": {"rowtype": [], "rowset": [], "queryResultFormat": "json"}, "success": True})
    if answer.status_code == 500:
        return error("009999", "fakesnow cannot do this: " + str(body.get("message")))
    if answer.status_code == 401:
        return error("390111", "Session no longer exists. New login required to access the service.")
    return answer


def error(code: str, message: str) -> JSONResponse:
    return JSONResponse({"data": {"sqlState": "99999"}, "code": code, "message": message, "success": False})


def end_with_parent() -> None:
    while os.read(0, 1):
        pass
    os._exit(0)


def main() -> None:
    logging.getLogger("fakesnow.server").setLevel(logging.CRITICAL + 1)
    listener = socket.create_server(("127.0.0.1", 0))
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # else every answer takes 40 ms
    print(listener.getsockname()[1], flush=True)
    threading.Thread(target=end_with_parent, daemon=True).start()
    routes = [
        Route("/queries/v1/query-request", query, methods=["POST"]),
        Route("/session", session, methods=["POST"]),
        *server.routes,
    ]
    config = uvicorn.Config(Starlette(routes=routes), log_level="error", access_log=False)
    uvicorn.Server(config).run(sockets=[listener])


if __name__ == "__main__":
    main()
