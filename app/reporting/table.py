"""The figures as tables for a terminal."""

from rich.console import Group
from rich.table import Table

from app.evaluation import Report


def to_table(report: Report) -> Group:
    """Figures, types and stage timings, one below the other."""
    return Group(figures_table(report), types_table(report), timings_table(report))


def figures_table(report: Report) -> Table:
    """Every measure with its interval."""
    title = f"{report.photos} photos" + ("" if report.complete else ", interrupted")
    table = Table("measure", title=title, title_justify="left")
    for head in ("value", "95 % interval", "of"):
        table.add_column(head, justify="right")
    for name, figure in report.measures.items():
        table.add_row(name, f"{figure.value:.3f}", f"{figure.low:.3f} – {figure.high:.3f}", str(figure.count))
    return table


def types_table(report: Report) -> Table:
    """The most telling measures per type."""
    columns = ("hit@1", "hit@10", "ndcg@10", "type_accuracy")
    table = Table("type", title="By type", title_justify="left")
    for column in ("photos", *columns):
        table.add_column(column, justify="right")
    for kind, figures in report.by_type.items():
        cells = [f"{figures[column].value:.2f}" if column in figures else "" for column in columns]
        table.add_row(kind, str(figures["type_accuracy"].count), *cells)
    return table


def timings_table(report: Report) -> Table:
    """Milliseconds per stage."""
    table = Table("stage", title="Milliseconds", title_justify="left")
    table.add_column("p50", justify="right")
    table.add_column("p95", justify="right")
    for stage, values in report.timings_ms.items():
        table.add_row(stage, f"{values['p50']:.1f}", f"{values['p95']:.1f}")
    return table
