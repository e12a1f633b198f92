"""The life of a worker process. Django is set up before anything that needs it is imported or unpickled."""

import gc
import os
import pickle  # nosec B403  # between this program and the processes it starts, through their pipes
import signal
from itertools import count
from multiprocessing.connection import Connection

BATCHES_BETWEEN_COLLECTIONS = 8


def serve(pipe: Connection, setup: bytes) -> None:
    """Do tasks until the pipe closes. ``setup`` is a pickled ``worker.Setup``, made by the parent."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C in the terminal reaches everybody; the parent decides
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "medichat.settings")
    import django

    django.setup()
    from medichat.legacy.worker import ImportFailed, Worker

    # Tens of thousands of rows live for the time of a batch: looking through them again and again finds no garbage. It
    # is looked for between batches, when they are gone.
    gc.freeze()
    gc.disable()
    worker = Worker(pickle.loads(setup))  # noqa: S301  # nosec B301 - from the parent, over its own pipe
    try:
        for number in count(1):
            task = pipe.recv()
            if not number % BATCHES_BETWEEN_COLLECTIONS:
                gc.collect()
            try:
                answer = (True, worker.do(task))
            except ImportFailed as failure:
                answer = (False, str(failure))
            pipe.send(answer)
    except (EOFError, OSError):
        return  # the parent has ended, or wants us to
    finally:
        worker.close()
