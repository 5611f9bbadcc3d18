"""The generated table of docs/tasks.md, made from the tasks' own functions."""

from __future__ import annotations

import inspect
import re

from study.engine.tasks import TASKS, TaskFactory, task_parameters

_MARKED = re.compile(r"(<!-- tasks -->\n).*?(<!-- end -->)", re.DOTALL)


def tasks_markdown() -> str:
    """Writes a Markdown table, one row a task: its data, and the arguments of its function."""
    rows = [("task", "data", "arguments"), ("---", "---", "---")]
    for name, function in TASKS.items():
        rows.append((f"`{name}`", _summary(function), _arguments(function)))
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


def with_table(page: str) -> str:
    """Returns the page with what stands between its marks made again.

    Raises:
        ValueError: If the page lacks the marks.
    """
    if not _MARKED.search(page):
        raise ValueError("the page must have the marks `<!-- tasks -->` and `<!-- end -->`")
    return _MARKED.sub(lambda mark: mark[1] + tasks_markdown() + mark[2], page)


def _summary(function: TaskFactory) -> str:
    """Returns the first paragraph of its docstring, on one line."""
    paragraph = (inspect.getdoc(function) or "").split("\n\n")[0]
    return " ".join(paragraph.split())


def _arguments(function: TaskFactory) -> str:
    texts = [each.text.replace("|", "\\|") for each in task_parameters(function).values()]
    return "<br>".join(f"`{text}`" for text in texts) or "-"
