"""One invocation of `gradscape run` on one study, from the study file to its results.

`run_study` is where to begin reading: it checks the study file, takes the study's lease and hands
over to `Invocation`, which asks for trials, has them trained and delivers what comes back.
"""
