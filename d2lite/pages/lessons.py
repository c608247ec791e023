"""The lessons that come with d2lite: they lie beside its code in a wheel, else in notebooks/."""

from difflib import get_close_matches
from pathlib import Path

from d2lite.files import replace_file, would_lose_work
from d2lite.pages.export.writer import in_the_way
from d2lite.pages.reading.page import read_page

PACKAGE = Path(__file__).parent.parent


def folder() -> Path:
    """The folder of the lessons."""
    in_wheel = PACKAGE / 'lessons'
    return in_wheel if in_wheel.is_dir() else PACKAGE.parent / 'notebooks'


def all_lessons() -> dict[str, str]:
    """The titles of the lessons, by their names."""
    return {path.stem: read_page(path).title for path in sorted(folder().glob('*.md'))}


def copy_lessons(names: list[str], output: Path, force: bool = False) -> list[Path]:
    """Copies lessons into the folder `output`; `'all'` are all of them. Returns the new files.

    Raises ValueError, before it writes any, for a lesson that is not there, or a file that somebody
    may have worked in; OSError, with the name of the file.
    """
    known = [path.stem for path in sorted(folder().glob('*.md'))]
    chosen = known if 'all' in names else [Path(name).name.removesuffix('.md') for name in names]
    for name in chosen:
        if name not in known:
            alike = get_close_matches(name, known, n=1)
            hint = f' Did you mean {alike[0]!r}?' if alike else ' `d2lite lessons` lists them.'
            raise ValueError(f'There is no lesson {name!r}.{hint}')
    files = {output / f'{name}.md': (folder() / f'{name}.md').read_bytes() for name in chosen}
    for path, data in files.items():
        if not force and would_lose_work(path, data):
            raise ValueError(in_the_way(path, '-o takes another folder'))
    for path, data in files.items():
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            replace_file(path, data)
        except OSError as error:
            raise OSError(error.errno, error.strerror, str(path)) from None
    return list(files)
