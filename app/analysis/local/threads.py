"""How many threads one look takes: one."""

from __future__ import annotations

import cv2
from threadpoolctl import threadpool_limits


def see_in_one_thread() -> None:
    """Keep OpenCV and BLAS of this process from starting threads of their own; a switch for the whole process.

    As many photos as cores are looked at side by side, in threads or processes, so a second thread for one photo only
    takes another photo's core. And the library's threads spin while they wait for work: on two busy cores one look
    took 150 ms with them and 31 ms without (docs/decisions/0066).
    """
    cv2.setNumThreads(1)
    threadpool_limits(1, user_api="blas")
