"""The names of a course for a reader, and for programs: `d2lite library FOLDER`."""

import json
from dataclasses import asdict, dataclass

from rich.console import Console
from rich.table import Table

import d2lite
from d2lite.pages.course.lint import Problem
from d2lite.pages.course.survey import Survey


@dataclass(frozen=True)
class Name:
    """A saved name on one tab: where it is saved and used, and whose definition counts."""

    name: str
    tab: str
    saved: list[str]  # `first.md:12`
    used: list[str]  # the pages
    whose: str  # 'd2lite' or 'course'


def names_of(survey: Survey) -> list[Name]:
    """The saved names of a course, by name and tab."""
    course, found = survey.course, []
    for tab in survey.tabs:
        for name, places in survey.definitions[tab].all.items():
            saved = [place.where(course) for place in places]
            used = [course.place(page) for page in survey.pages_that_use(tab, name)]
            found.append(Name(name, tab, saved, used, survey.whose(tab, name)))
    return sorted(found, key=lambda each: (each.name.lower(), each.name))


def print_report(out: Console, survey: Survey, problems: list[Problem]) -> None:
    """Prints a table of the names, one line for tabs that are alike, and then the problems."""
    rows = {}
    for each in names_of(survey):
        key = each.name, tuple(each.saved), tuple(each.used), each.whose
        rows.setdefault(key, []).append(each.tab)
    title = survey.course.title or survey.course.folder.name
    table = Table('name', 'tabs', 'saved in', 'used in', 'whose counts', title=title)
    for (name, saved, used, whose), tabs in rows.items():
        on = 'all' if tabs == survey.tabs else ', '.join(tabs)
        table.add_row(name, on, '\n'.join(saved), '\n'.join(used) or '-', whose)
    out.print(table)
    for problem in problems:
        out.print(
            str(problem), style='red' if problem.fails else None, markup=False, soft_wrap=True
        )
    failing = sum(problem.fails for problem in problems)
    notes = len(problems) - failing
    number = _count(len({name for name, *_ in rows}), 'name')
    out.print(f'{number}, {_count(failing, "error")}, {_count(notes, "note")}')


def as_json(survey: Survey, problems: list[Problem]) -> str:
    """The same as one JSON document."""
    document = {
        'd2lite': d2lite.__version__,
        'folder': str(survey.course.folder),
        'title': survey.course.title,
        'tabs': survey.tabs,
        'pages': [survey.course.place(page) for page in survey.pages],
        'names': [asdict(name) for name in names_of(survey)],
        'problems': [asdict(problem) for problem in problems],
    }
    return json.dumps(document, ensure_ascii=False, indent=1)


def _count(number: int, word: str) -> str:
    return f'{number} {word}' if number == 1 else f'{number or "no"} {word}s'
