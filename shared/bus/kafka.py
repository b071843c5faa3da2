"""The bus on Apache Kafka through aiokafka: idempotent producer with acks=all, offsets committed by hand.

Messages of one `publish` go out in one batch per partition; a group member gives back partitions only after its batch.
"""

import asyncio
from collections import defaultdict
from collections.abc import Mapping, Sequence
from functools import lru_cache
from itertools import chain

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import (
    CommitFailedError,
    IllegalStateError,
    KafkaError,
    NodeNotReadyError,
    TopicAlreadyExistsError,
    UnknownTopicOrPartitionError,
)
from aiokafka.partitioner import DefaultPartitioner
from aiokafka.structs import ConsumerRecord

from shared.bus.port import Batch, BusUnavailable, Fetched, Message, Subscription
from shared.events.registry import EVENTS

MAX_REQUEST = 4 * 1024 * 1024
BATCH_BYTES = 256 * 1024
PARTITIONER = DefaultPartitioner()  # murmur2, as Kafka's own clients
WEEK_MS = str(7 * 24 * 3600 * 1000)


class KafkaBus:
    """One process's connection to the cluster, made on first use: a start survives a cluster that is down."""

    def __init__(
        self, servers: str, *, partitions: int = 6, replication: int = 1, client: str = "hall"
    ) -> None:
        self._servers = servers.split(",")
        self._partitions, self._replication, self._client = partitions, replication, client
        self._producer: AIOKafkaProducer | None = None
        self._starting = asyncio.Lock()

    async def ensure_topics(self, topics: Sequence[str]) -> None:
        """Create the topics that are missing; those that carry a sealed number keep messages for seven days."""
        admin = AIOKafkaAdminClient(bootstrap_servers=self._servers, client_id=self._client)
        try:
            await admin.start()
            missing = sorted(set(topics) - set(await admin.list_topics()))
            if missing:
                answer = await admin.create_topics([self._topic(name) for name in missing])
                for _name, code, *_text in answer.topic_errors:
                    if code not in (0, TopicAlreadyExistsError.errno):
                        raise BusUnavailable(f"topics were refused with code {code}")
        except (KafkaError, OSError) as error:
            raise BusUnavailable(str(error)) from error
        finally:
            await admin.close()

    def _topic(self, name: str) -> NewTopic:
        insync = "2" if self._replication >= 3 else "1"
        configs = {"min.insync.replicas": insync} | (
            {"retention.ms": WEEK_MS} if _carries_phone(name) else {}
        )
        return NewTopic(name, self._partitions, self._replication, topic_configs=configs)

    async def publish(self, messages: Sequence[Message]) -> None:
        producer = await self._started()
        try:
            grouped: defaultdict[TopicPartition, list[Message]] = defaultdict(list)
            counts = {
                topic: await self._partitions_of(producer, topic) for topic in {m.topic for m in messages}
            }
            for message in messages:
                grouped[_place(message.topic, message.key, counts[message.topic])].append(message)
            sent = await asyncio.gather(*(self._send(producer, tp, group) for tp, group in grouped.items()))
            async with asyncio.timeout(30):
                await asyncio.gather(*chain.from_iterable(sent))
        except (KafkaError, OSError, TimeoutError) as error:
            raise BusUnavailable(repr(error)) from error

    async def _partitions_of(self, producer: AIOKafkaProducer, topic: str) -> int:
        if topic not in self._known:
            found = await producer.partitions_for(topic)
            if not found:
                raise UnknownTopicOrPartitionError(topic)
            self._known[topic] = len(found)
        return self._known[topic]

    async def _send(
        self, producer: AIOKafkaProducer, tp: TopicPartition, messages: Sequence[Message]
    ) -> list["asyncio.Future[object]"]:
        """Fill batches in order and hand each over when full; one partition's batches stay in that order."""
        futures, batch = [], producer.create_batch()
        for _, key, named, value in messages:
            name, headers = key.encode(), _headers(named)
            if batch.append(key=name, value=value, timestamp=None, headers=headers) is None:
                futures.append(await producer.send_batch(batch, tp.topic, partition=tp.partition))
                batch = producer.create_batch()
                if batch.append(key=name, value=value, timestamp=None, headers=headers) is None:
                    raise KafkaError(f"a message of {tp.topic} is larger than a batch")
        futures.append(await producer.send_batch(batch, tp.topic, partition=tp.partition))
        return futures

    async def _started(self) -> AIOKafkaProducer:
        async with self._starting:
            if self._producer is None:
                producer = AIOKafkaProducer(
                    bootstrap_servers=self._servers,
                    client_id=self._client,
                    enable_idempotence=True,
                    acks="all",
                    max_batch_size=BATCH_BYTES,
                    max_request_size=MAX_REQUEST,
                    request_timeout_ms=10_000,
                    metadata_max_age_ms=30_000,
                )
                try:
                    await producer.start()
                except (KafkaError, OSError) as error:
                    await producer.stop()
                    raise BusUnavailable(str(error)) from error
                self._producer, self._known = producer, dict[str, int]()
        return self._producer

    async def subscribe(self, group: str, topics: Sequence[str]) -> Subscription:
        consumer = AIOKafkaConsumer(
            *topics,
            bootstrap_servers=self._servers,
            client_id=self._client,
            group_id=group,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            isolation_level="read_committed",
            max_poll_interval_ms=300_000,
            session_timeout_ms=10_000,
            heartbeat_interval_ms=2_000,
            fetch_max_wait_ms=500,
            fetch_max_bytes=16 * 1024 * 1024,
            metadata_max_age_ms=30_000,
        )
        try:
            await consumer.start()
        except (KafkaError, OSError) as error:
            await consumer.stop()
            raise BusUnavailable(str(error)) from error
        return _Member(consumer)

    async def check(self) -> bool:
        try:
            async with asyncio.timeout(2):
                producer = await self._started()
                await producer.client.fetch_all_metadata()
        except (BusUnavailable, TimeoutError, KafkaError):
            return False
        return True

    async def close(self) -> None:
        if self._producer is not None:
            await self._producer.stop()
            self._producer = None


class _Member:
    """One consumer of a group."""

    def __init__(self, consumer: AIOKafkaConsumer) -> None:
        self._consumer = consumer

    async def fetch(self, limit: int, timeout: float) -> Batch:
        try:
            records = await self._consumer.getmany(timeout_ms=int(timeout * 1000), max_records=limit)
        except (KafkaError, OSError) as error:
            raise BusUnavailable(str(error)) from error
        place = {tp: found[-1].offset + 1 for tp, found in records.items() if found}
        return Batch([_fetched(record) for record in chain.from_iterable(records.values())], place)

    async def commit(self, batch: Batch) -> None:
        """A group rebalanced meanwhile refuses; the new owner reads the batch again and knows it by its inbox."""
        if not batch.place:
            return
        try:
            await self._consumer.commit(batch.place)
        except (CommitFailedError, IllegalStateError):
            return
        except (KafkaError, OSError) as error:
            raise BusUnavailable(str(error)) from error

    async def rewind(self) -> None:
        try:
            await self._consumer.seek_to_committed(*self._consumer.assignment())
        except (KafkaError, OSError, AssertionError) as error:
            raise BusUnavailable(str(error)) from error

    async def lag(self) -> int:
        assigned = list(self._consumer.assignment())
        try:
            ends: Mapping[TopicPartition, int] = await self._consumer.end_offsets(assigned)
            return sum([end - await self._consumer.position(tp) for tp, end in ends.items()])
        except (KafkaError, OSError, NodeNotReadyError):
            return -1

    async def close(self) -> None:
        await self._consumer.stop()


@lru_cache(maxsize=16_384)
def _place(topic: str, key: str, partitions: int) -> TopicPartition:
    """Remembered, since an aggregate speaks more than once in a while and the hash is computed in Python."""
    numbers = range(partitions)
    return TopicPartition(topic, PARTITIONER(key.encode(), numbers, numbers))


def _carries_phone(topic: str) -> bool:
    """Dead letters may hold any event, so they count as carrying one."""
    return topic not in EVENTS or EVENTS[topic].carries_phone()


def _headers(headers: Mapping[str, str]) -> list[tuple[str, bytes]]:
    return [(name, value.encode()) for name, value in headers.items()]


def _fetched(record: "ConsumerRecord[bytes, bytes]") -> Fetched:
    return Fetched(
        topic=record.topic,
        key=(record.key or b"").decode(errors="replace"),
        headers={name: value.decode(errors="replace") for name, value in record.headers},
        value=record.value or b"",
        partition=record.partition,
        offset=record.offset,
    )
