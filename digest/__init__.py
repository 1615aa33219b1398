"""Digest publishes fresh and trending papers per topic, as feeds, a site and an e-mail digest."""

import os

__version__ = "0.1.0"

# Ranking multiplies small matrices: a second thread costs more than it brings (a third of the time, measured), and
# other processes have work for it. numpy asks when it is loaded.
os.environ.setdefault("OMP_NUM_THREADS", "1")
