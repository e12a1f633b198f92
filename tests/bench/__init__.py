"""Measuring with a large clinic (``make bench``); never part of ``make test``.

The clinic is made up, the same at every run, and loaded into a server of its own:

    BENCH_SCALE=0.05 make bench     a twentieth of it, for a quick try (1.0: 20,000 patients, 1.2 million messages)
    BENCH_KEEP=/some/dir make bench keep the loaded server there and use it again while the tables stay the same
    BENCH_ROUNDS=5 make bench       more rounds (each measures every page in every variant)
    BENCH_OUTPUT=/some/dir          write the figures there as JSON, too
"""
