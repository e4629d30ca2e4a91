"""The command table."""

from typing import Any, Callable


def load_command_table(loader: Any, _: Any) -> None:
    """Register the commands of `az aks egress`."""
    with loader.command_group("aks egress") as group:
        group.custom_show_command("show", "show", table_transformer=_table("show_rows"))
        group.custom_command("check", "check", table_transformer=_table("check_rows"))
        group.custom_command("migrate", "migrate", table_transformer=_table("migrate_rows"))
        group.custom_command("verify", "verify", table_transformer=_table("migrate_rows"))
        group.custom_command("rollback", "rollback", table_transformer=_table("migrate_rows"))
        group.custom_command("list", "list_clusters", table_transformer=_table("list_rows"))
        group.custom_command("list-paths", "list_paths", table_transformer=_table("path_rows"))


def _table(function: str) -> Callable[[Any], Any]:
    """A table transformer that is imported when there is a table to make, since az loads this at every start."""

    def transform(result: Any) -> Any:
        from azext_aksegress.render import table

        return getattr(table, function)(result)

    return transform
