"""The page of errors: the tree of `foundation.errors`, and every further code that the source gives to one of them.

Codes are read from the source: a call of an error class with ``code="…"``, and a subclass elsewhere with a ``code`` of its
own. The text beside a code is the message as it stands there, with its placeholders; where it is made elsewhere, what the
docstring of the function says that makes the error.
"""

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from tools.pages.markdown import code, first_sentence, table

import triplepoint
from triplepoint.foundation import errors
from triplepoint.foundation.errors import TriplepointError

Kinds = dict[str, type[TriplepointError]]
Function = ast.FunctionDef | ast.AsyncFunctionDef

PACKAGE = Path(triplepoint.__file__).parent

_INTRODUCTION = """\
# Errors

On OpenAI's paths an error is `{"error": {"message", "type", "param", "code"}}`, on Anthropic's
`{"type": "error", "error": {"type", "message"}, "request_id"}`; on the control plane
`{"error": {"code", "message", "param"}}`. `code` is stable and made for programs; `message` says what is wrong and what to do
next. On `/v1/messages` an overload (503) has status 529, which Anthropic's clients know. Inside a stream that had begun, the
error comes as an event, and the stream ends without its terminal event.

`x-should-retry` tells the official clients whether to try again: `false` on what the same request would only meet again,
`true` on rate limits and on our own overload. `Retry-After` (and `retry-after-ms`) say when.
"""


@dataclass(frozen=True, slots=True)
class Found:
    """A code in the source."""

    code: str
    status: int
    kind: str
    message: str


def render() -> str:
    """Return the page."""
    tree = [[code(one.code), str(one.status), one.__name__, first_sentence(one.__doc__)] for one in kinds()]
    further = [[code(one.code), str(one.status), one.kind, one.message] for one in specific_codes()]
    head = ["code", "status", "kind", "meaning"]
    return "\n".join(
        [
            _INTRODUCTION,
            "## Kinds\n",
            table(head, tree),
            "## Further codes\n",
            "Errors of the same kinds, told apart by their code. `{…}` stands for what differs.\n",
            table([*head[:3], "message"], further),
        ]
    )


def kinds() -> list[type[TriplepointError]]:
    """Return the classes of the tree, in the order of their file."""
    classes = [one for one in vars(errors).values() if isinstance(one, type) and issubclass(one, TriplepointError)]
    return [one for one in classes if one is not TriplepointError]


def specific_codes() -> list[Found]:
    """Return every code beside the tree's own, by status and code; the same code at several places counts once."""
    by_name = {one.__name__: one for one in kinds()}
    own = {one.code for one in by_name.values()}
    found: dict[tuple[str, int], Found] = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        for one in _codes(ast.parse(path.read_text("utf-8")), {**by_name, "TriplepointError": TriplepointError}):
            if one.code not in own:
                found.setdefault((one.code, one.status), one)
    return sorted(found.values(), key=lambda one: (one.status, one.code))


def _codes(tree: ast.Module, kinds: Kinds) -> Iterator[Found]:
    yield from _raised(tree, kinds)
    yield from _defined(tree, kinds)


def _raised(tree: ast.Module, kinds: Kinds) -> Iterator[Found]:
    """Yield the codes that calls of error classes give."""
    within = _functions(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in kinds:
            given = next((word.value for word in node.keywords if word.arg == "code"), None)
            message = (_text(node.args[0]) if node.args else "") or _about(within.get(node), tree)
            yield from (Found(one, kinds[node.func.id].status, node.func.id, message) for one in _constants(given))


def _defined(tree: ast.Module, kinds: Kinds) -> Iterator[Found]:
    """Yield the codes of error classes that stand elsewhere than in the tree's own file."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef) and node.name not in kinds and (base := _base(node, kinds)) is not None:
            own = {target.id: value for target, value in _assignments(node.body)}
            status = own.get("status", kinds[base].status)
            if isinstance(status, int) and isinstance(own.get("code"), str):
                yield Found(str(own["code"]), status, base, first_sentence(ast.get_docstring(node)))


def _functions(tree: ast.Module) -> dict[ast.AST, Function]:
    """Return the innermost function around each node; the walk meets outer ones first."""
    within: dict[ast.AST, Function] = {}
    for node in ast.walk(tree):
        if isinstance(node, Function):
            within |= dict.fromkeys(ast.walk(node), node)
    return within


def _about(function: Function | None, tree: ast.Module) -> str:
    """Say what a function that makes an error means by it: its docstring, or the first text that it is called with."""
    if function is None:
        return ""
    calls = (node for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name))
    texts = (_text(node.args[0]) for node in calls if ast.unparse(node.func) == function.name and node.args)
    return first_sentence(ast.get_docstring(function)) or next(filter(None, texts), "")


def _base(node: ast.ClassDef, kinds: Iterable[str]) -> str | None:
    return next((base.id for base in node.bases if isinstance(base, ast.Name) and base.id in kinds), None)


def _assignments(body: Iterable[ast.stmt]) -> Iterator[tuple[ast.Name, object]]:
    for statement in body:
        if isinstance(statement, ast.Assign) and isinstance(statement.value, ast.Constant):
            yield from ((target, statement.value.value) for target in statement.targets if isinstance(target, ast.Name))


def _constants(node: ast.expr | None) -> Iterator[str]:
    """Yield the texts that an expression may be: itself, or either side of a condition."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.IfExp):
        yield from _constants(node.body)
        yield from _constants(node.orelse)


def _text(node: ast.expr) -> str:
    if isinstance(node, ast.Constant):
        return str(node.value)
    if isinstance(node, ast.JoinedStr):
        return "".join(str(part.value) if isinstance(part, ast.Constant) else "{…}" for part in node.values)
    return ""
