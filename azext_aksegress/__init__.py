"""Azure CLI extension: check a change of an AKS cluster's outbound type, make it, prove it.

Everything here runs at the start of every `az aks …`, so it imports nothing that az has not imported already.
"""

from typing import Any

from azure.cli.core import AzCommandsLoader

from azext_aksegress._help import helps


class AksEgressCommandsLoader(AzCommandsLoader):
    """Tells az which commands there are and what options they take."""

    def __init__(self, cli_ctx: Any = None) -> None:
        from azure.cli.core.commands import CliCommandType

        custom = CliCommandType(operations_tmpl="azext_aksegress.custom#{}")
        super().__init__(cli_ctx=cli_ctx, custom_command_type=custom)

    def load_command_table(self, args: Any) -> Any:
        """Register the commands; `args` may be None, and makes no difference."""
        from azext_aksegress.commands import load_command_table

        load_command_table(self, args)
        return self.command_table

    def load_arguments(self, command: Any) -> None:
        """Register the options of one command."""
        from azext_aksegress._params import load_arguments

        load_arguments(self, command)


COMMAND_LOADER_CLS = AksEgressCommandsLoader
__all__ = ["COMMAND_LOADER_CLS", "helps"]
