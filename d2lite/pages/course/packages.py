"""What the pages of a course import and this environment lacks, for `d2lite doctor --course`."""

import json
from dataclasses import asdict, dataclass

from rich.console import Console

from d2lite.pages.course.survey import Survey
from d2lite.pages.packages import imported_modules, install_lines, is_missing


@dataclass(frozen=True)
class Missing:
    """A package that pages import on a tab, and that is not here."""

    tab: str
    module: str
    places: list[str]  # `part/first.md:12`


def missing_packages(survey: Survey) -> list[Missing]:
    """The packages that are missing, by tab and name."""
    found = {}
    for tab in survey.tabs:
        for path, cells in survey.cells(tab):
            for module, line in imported_modules(cells, tab).items():
                if is_missing(module, path.parent):
                    place = f'{survey.course.place(path)}:{line}'
                    found.setdefault((tab, module), []).append(place)
    return [Missing(tab, module, places) for (tab, module), places in sorted(found.items())]


def print_missing(out: Console, survey: Survey) -> int:
    """Prints them, and how to install them, tab by tab; 1 if something is missing, else 0."""
    missing = missing_packages(survey)
    for tab in survey.tabs:
        of_tab = [each for each in missing if each.tab == tab]
        if not of_tab:
            out.print(f'{tab}: nothing is missing of what the pages import.')
            continue
        out.print(f'{tab}:')
        for each in of_tab:
            first, more = each.places[0], len(each.places) - 1
            others = f' and {more} more' if more else ''
            out.print(f'    {each.module} for {first}{others}', markup=False, soft_wrap=True)
        for line in install_lines(each.module for each in of_tab):
            out.print(f'    {line}', markup=False, soft_wrap=True)
    return int(bool(missing))


def as_json(survey: Survey) -> tuple[str, int]:
    """The same as JSON, and the exit status."""
    missing = missing_packages(survey)
    lines = {
        tab: install_lines(each.module for each in missing if each.tab == tab)
        for tab in survey.tabs
    }
    data = {'missing': [asdict(each) for each in missing], 'install': lines}
    return json.dumps(data, ensure_ascii=False, indent=1), int(bool(missing))
