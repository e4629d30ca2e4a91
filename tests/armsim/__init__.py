"""A local Azure: Resource Manager and Entra ID on loopback TLS, stateful, for an unmodified az."""
