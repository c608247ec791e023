"""A name that a package has given up: what it was, and which errors come from it."""

import re
from dataclasses import dataclass

used: dict[str, 'OldName'] = {}  # what was used in this process, by name

MISSING = ('AttributeError', 'ImportError', 'ModuleNotFoundError')


@dataclass(frozen=True)
class OldName:
    """A name that a package has given up. By itself it cannot be lent, and is only explained."""

    module: str  # where it was: 'jax.random'
    attribute: str  # 'KeyArray', or 'DataFrame.append' of a class
    gone: str  # the release that no longer has it, 'JAX 0.4.24', or 'not in MXNet 1.9 yet'
    use: str  # what to write today
    error: str = ''  # a pattern of the error that it leads to; '' if the error has its name

    lendable = False

    @property
    def name(self) -> str:
        """The whole name, as in 'jax.random.KeyArray'."""
        return f'{self.module}.{self.attribute}'.removesuffix('.__init__')

    @property
    def sentence(self) -> str:
        """Since when it is gone, and what to write today."""
        when = self.gone if self.gone.startswith('not in') else f'gone since {self.gone}'
        return f'{self.name} is {when}; today: {self.use}'

    def lend(self) -> None:
        """Puts it where it was; called when its module has been imported."""

    def note(self) -> None:
        """Remembers that it was used."""
        used[self.name] = self

    def explains(self, kind: str, message: str, code: str) -> bool:
        """True if the error `message`, of class `kind`, comes from this name in `code`."""
        if self.error:
            return re.search(self.error, message) is not None
        owner, _, last = self.attribute.rpartition('.')
        named = f"'{owner or self.module}'" in message and f"'{last}'" in message
        whole = re.search(rf'\b{re.escape(self.name)}\b', message)
        if self.module == 'numpy':
            whole = whole or f'`np.{last}`' in message
        return kind in MISSING and (named or bool(whole))
