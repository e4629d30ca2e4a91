"""Azure RBAC: what permissions and roles allow."""

from __future__ import annotations
