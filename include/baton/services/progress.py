"""Shows how far the demo is: a bar per layer in a terminal, plain lines elsewhere (CI, a file)."""

import sys
from types import TracebackType

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
)


class Shown:
    """Progress by layer. `totals` gives the number of tasks of each layer, in order."""

    def __init__(self, totals: dict[str, int], *, plain: bool | None = None) -> None:
        """`plain` None decides by whether standard output is a terminal."""
        self._console = Console(highlight=False, soft_wrap=True)
        self._plain = not sys.stdout.isatty() if plain is None else plain
        self._progress = Progress(
            TextColumn("{task.description:<13}"),
            BarColumn(bar_width=32),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("{task.fields[doing]}"),
            console=self._console,
            disable=self._plain,
        )
        self._before: dict[str, int] = dict.fromkeys(totals, 0)
        self._bars: dict[str, TaskID] = {
            layer: self._progress.add_task(layer, total=total, start=False, doing="")
            for layer, total in totals.items()
        }

    def __enter__(self) -> "Shown":
        """Start drawing."""
        self._progress.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Leave the last picture standing."""
        self._progress.stop()

    def say(self, text: str) -> None:
        """Print a line, above the bars if there are any."""
        self._progress.console.print(text, markup=False)
        if self._plain:
            sys.stdout.flush()

    def doing(self, layer: str, done: int, what: str) -> None:
        """Show that `done` tasks of the run in hand have ended, and what it does now."""
        bar = self._bars[layer]
        self._progress.start_task(bar)
        self._progress.update(bar, completed=self._before[layer] + done, doing=what)

    def done(self, layer: str, tasks: int, line: str) -> None:
        """Add the tasks of a finished run to the layer's bar, and say how it went."""
        self._before[layer] += tasks
        bar = self._bars[layer]
        self._progress.update(bar, completed=self._before[layer], doing="")
        if self._progress.tasks[bar].finished:
            self._progress.stop_task(bar)
        if self._plain:
            self.say(f"{layer:<13} {line}")
