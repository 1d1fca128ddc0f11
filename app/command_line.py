"""What the command-line programs have in common: how they are made, and how they say what failed.

Exit codes: 0 done, 1 in part, 2 wrong use, 3 nothing done.
"""

import sys

import typer
from rich.console import Console

from app.errors import AppError
from app.settings import InvalidSettings

IN_PART = 1
WRONG_USE = 2
NOTHING_DONE = 3


def program(name: str, purpose: str, *, epilog: str | None = None) -> typer.Typer:
    """A program without commands yet; it prints plain text and lets exceptions through."""
    return typer.Typer(
        name=name,
        help=purpose,
        epilog=epilog,
        no_args_is_help=True,
        add_completion=False,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )


def run(app: typer.Typer, name: str, *mistakes: type[AppError]) -> None:
    """Run the program and say every expected failure in two lines, without a stack trace.

    mistakes: the errors that are, besides InvalidSettings, the fault of whoever typed the command.
    """
    try:
        app()
    except AppError as error:
        say = Console(stderr=True, highlight=False, soft_wrap=True)
        say.print(f"{name}: {error.detail}", markup=False)
        if error.fix:
            say.print(f"{' ' * len(name)}  {error.fix}", markup=False)
        sys.exit(WRONG_USE if isinstance(error, (InvalidSettings, *mistakes)) else NOTHING_DONE)
