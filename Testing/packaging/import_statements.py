"""What Python files import, read from their syntax trees."""

import ast
from collections.abc import Iterator
from pathlib import Path


def imported_names(path: Path) -> set[str]:
    """Full dotted names that a file imports anywhere, in functions too: ``from a.b import c`` counts as a.b.c."""
    return set(_names(ast.walk(_parse(path))))


def file_scope_imports(path: Path) -> set[str]:
    """Full dotted names imported when the file itself is imported: outside functions and ``if TYPE_CHECKING``."""
    return set(_names(_executed_on_import(_parse(path))))


def package(name: str) -> str:
    """The top-level package of a dotted name."""
    return name.split(".")[0]


def _parse(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


def _names(nodes: Iterator[ast.AST]) -> Iterator[str]:
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            stem = "." * node.level + (node.module or "")
            yield from (f"{stem}.{alias.name}" for alias in node.names)


def _executed_on_import(node: ast.AST) -> Iterator[ast.AST]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) or _is_for_type_checkers(child):
            continue
        yield child
        yield from _executed_on_import(child)


def _is_for_type_checkers(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and ast.unparse(node.test) in ("TYPE_CHECKING", "typing.TYPE_CHECKING")
