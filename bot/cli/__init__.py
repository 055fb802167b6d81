"""The command line: one file per command. What scripts rely on is written in docs/commands.md."""
