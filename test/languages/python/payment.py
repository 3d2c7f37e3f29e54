"""Takes orders from Kafka, charges them and passes them on, with confluent-kafka."""

import json
import os
import time

from confluent_kafka import Consumer, Producer

PREFIX = os.environ["PREFIX"]
servers = {"bootstrap.servers": os.environ["KAFKA"]}
producer = Producer(servers)
consumer = Consumer({**servers, "group.id": f"{PREFIX}-payment", "auto.offset.reset": "earliest"})
consumer.subscribe([f"{PREFIX}.orders"])
print("ready", flush=True)
while True:
    message = consumer.poll(1.0)
    if message is None or message.error():
        continue
    order = json.loads(message.value())
    time.sleep(0.02)
    producer.produce(f"{PREFIX}.payments", key=order["id"], value=json.dumps(order))
    producer.poll(0)
