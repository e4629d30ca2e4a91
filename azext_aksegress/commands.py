"""The command table."""


def load_command_table(loader, _):
    """Register the commands of `az aks egress`."""
    with loader.command_group("aks egress") as group:
        group.custom_command("show", "show", table_transformer=_table("show"))
        group.custom_command("check", "check", table_transformer=_table("check"))
        group.custom_command("migrate", "migrate", table_transformer=_table("migrate"))
        group.custom_command("list-paths", "list_paths", table_transformer=_table("list_paths"))


def _table(function):
    """A table transformer that is imported when there is a table to make, since az loads this at every start."""

    def transform(result):
        from azext_aksegress.render import table

        return getattr(table, function)(result)

    return transform
