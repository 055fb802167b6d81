"""Measurements that can be repeated: `python -m benchmarks [name] [options]`.

Each module here is one benchmark, named as its file, with `main(args)`; modules with a leading underscore are parts of
others. A benchmark prints a table and asserts what it measured really happened.
"""
