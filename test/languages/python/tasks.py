"""Tasks of Celery over Redis, one queue for each service: charge, then ship."""

import os
import time

from celery import Celery

PREFIX = os.environ["PREFIX"]
app = Celery("shop", broker="redis://127.0.0.1:6379/11")
app.conf.task_routes = {
    "payment.*": {"queue": f"{PREFIX}.payment"},
    "shipping.*": {"queue": f"{PREFIX}.shipping"},
}


@app.task(name="payment.charge", ignore_result=True)
def charge(order):
    time.sleep(0.02)
    ship.delay(order)


@app.task(name="shipping.ship", ignore_result=True)
def ship(order):
    time.sleep(0.02)
