#!/usr/bin/env python3
"""A small Kafka job, to be judged by Weir: copies every payment of one topic to another.

    copy_job.py commit-first    commits its positions, then works: loses events when it is killed
    copy_job.py commit-after    works, then commits: repeats events when it is killed
    copy_job.py transactional   output and positions in one transaction: each event exactly once
    copy_job.py rows            no job: events on stdin become the rows that are expected, on stdout

Needs confluent-kafka (PyPI). Weir says where everything is by WEIR_* variables; see
docs/external-jobs.md.
"""

import json
import os
import signal
import sys
import time

BATCH = 100
WORK = 0.002  # seconds for one event, as if each cost something

stopped = False


def stop(_signal, _frame):
    global stopped
    stopped = True


def output_of(value):
    """What the job makes of one event."""
    event = json.loads(value)
    wanted = ("source", "sequence", "card", "amount_minor")
    return json.dumps({name: event[name] for name in wanted}).encode()


def rows():
    for line in sys.stdin:
        if line.strip():
            print(output_of(line).decode())


def positions_after(messages):
    """The next offset of each partition once these messages are done with."""
    from confluent_kafka import TopicPartition

    following = {}
    for message in messages:
        following[message.topic(), message.partition()] = message.offset() + 1
    return [TopicPartition(topic, number, offset) for (topic, number), offset in following.items()]


def work(messages, producer, topic):
    for message in messages:
        if stopped:
            break
        time.sleep(WORK)
        producer.produce(topic, output_of(message.value()), key=message.key())
        producer.poll(0)


def run(version):
    from confluent_kafka import Consumer, KafkaException, Producer

    servers = {"bootstrap.servers": os.environ["WEIR_BOOTSTRAP"]}
    consumer = Consumer(
        {
            **servers,
            "group.id": os.environ["WEIR_GROUP"],
            # A member of this name is let in again at once after a crash.
            "group.instance.id": "copy-job-1",
            "session.timeout.ms": 10000,
            "auto.offset.reset": "earliest",
            "enable.auto.commit": False,
            "isolation.level": "read_committed",
        }
    )
    settings = {**servers, "enable.idempotence": True, "linger.ms": 5}
    if version == "transactional":
        settings["transactional.id"] = os.environ["WEIR_GROUP"] + "-job"
    producer = Producer(settings)
    if version == "transactional":
        producer.init_transactions()
    consumer.subscribe([os.environ["WEIR_TOPIC_REQUESTS"]])
    output = os.environ["WEIR_TOPIC_COPIES"]
    while not stopped:
        messages = consumer.consume(BATCH, timeout=0.2)
        for message in messages:
            if message.error():
                raise KafkaException(message.error())
        if not messages:
            continue
        positions = positions_after(messages)
        if version == "commit-first":
            consumer.commit(offsets=positions, asynchronous=False)
            work(messages, producer, output)
            producer.flush()
        elif version == "commit-after":
            work(messages, producer, output)
            producer.flush()
            if not stopped:
                consumer.commit(offsets=positions, asynchronous=False)
        else:
            producer.begin_transaction()
            work(messages, producer, output)
            if stopped:
                producer.abort_transaction()
                break
            producer.send_offsets_to_transaction(positions, consumer.consumer_group_metadata())
            producer.commit_transaction()
    consumer.close()


if __name__ == "__main__":
    versions = ("commit-first", "commit-after", "transactional", "rows")
    if len(sys.argv) != 2 or sys.argv[1] not in versions:
        sys.exit(f"usage: copy_job.py {'|'.join(versions)}")
    if sys.argv[1] == "rows":
        rows()
        sys.exit(0)
    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    print(f"copy_job: {sys.argv[1]}, group {os.environ['WEIR_GROUP']}", flush=True)
    run(sys.argv[1])
    print("copy_job: stopped", flush=True)
