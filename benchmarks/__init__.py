"""Programs that measure: nothing here is a test, and nothing here fails because a machine is slow."""
