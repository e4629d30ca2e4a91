"""SNAT ports: how many a path has, and how many nodes need."""

from __future__ import annotations
