"""rabbit.py order|payment|shipping: an order over RabbitMQ with aio-pika."""

import asyncio
import json
import os
import sys

import aio_pika

PREFIX = os.environ["PREFIX"]
NEXT = {"payment": ("orders", "payments"), "shipping": ("payments", None)}


async def main(role):
    connection = await aio_pika.connect("amqp://guest:guest@127.0.0.1/")
    channel = await connection.channel()
    for name in ("orders", "payments"):
        await channel.declare_queue(f"{PREFIX}.{name}", auto_delete=True)

    async def send(queue, order):
        message = aio_pika.Message(json.dumps(order).encode(), message_id=os.urandom(8).hex())
        await channel.default_exchange.publish(message, routing_key=f"{PREFIX}.{queue}")

    if role == "order":
        for n in range(int(os.environ["ORDERS"])):
            await send("orders", {"id": f"{PREFIX}-{n}"})
        await asyncio.sleep(2)
        return
    source, target = NEXT[role]
    queue = await channel.get_queue(f"{PREFIX}.{source}")

    async def handle(message):
        async with message.process():
            await asyncio.sleep(0.02)
            if target is not None:
                await send(target, json.loads(message.body))

    await queue.consume(handle)
    print("ready", flush=True)
    await asyncio.Future()


asyncio.run(main(sys.argv[1]))
