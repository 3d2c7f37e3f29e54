"""Places orders as tasks of Celery."""

import os
import time

import opentelemetry.instrumentation.celery  # noqa: F401, traces what is sent from here
from tasks import PREFIX, charge

for n in range(int(os.environ["ORDERS"])):
    charge.delay({"id": f"{PREFIX}-{n}"})
time.sleep(2)
