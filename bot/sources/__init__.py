"""Sources: where issues come from by themselves, and the file that says so. One module a kind of source."""
