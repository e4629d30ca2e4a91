"""Pure functions from results to what people look at; nothing here prints, and nothing knows a terminal."""
