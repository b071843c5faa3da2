"""Apache Kafka in KRaft mode from its Maven artefact: one broker, or several with replication."""

import os
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from deploy.native import packages
from deploy.native.processes import Program, answers, free_ports

VERSION = "4.1.0"
POM = f"""<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>hall</groupId><artifactId>kafka-libraries</artifactId><version>1</version><packaging>pom</packaging>
  <dependencies>
    <dependency><groupId>org.apache.kafka</groupId><artifactId>kafka_2.13</artifactId><version>{VERSION}</version></dependency>
  </dependencies>
</project>
"""
PROPERTIES = """process.roles=broker,controller
node.id={node}
controller.quorum.voters={voters}
listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=PLAINTEXT://127.0.0.1:{port}
controller.listener.names=CONTROLLER
auto.create.topics.enable=false
offsets.topic.num.partitions=6
offsets.topic.replication.factor={replicas}
transaction.state.log.num.partitions=6
transaction.state.log.replication.factor={replicas}
transaction.state.log.min.isr={in_sync}
default.replication.factor={replicas}
min.insync.replicas={in_sync}
group.initial.rebalance.delay.ms=0
log.dirs={logs}
"""


def engines_folder() -> Path:
    """Where downloaded engines are kept between runs: `HALL_ENGINES`, else the user's cache."""
    return Path(os.environ.get("HALL_ENGINES") or Path.home() / ".cache" / "hall")


def libraries() -> Path:
    """Folder with Kafka's jars, downloaded through Maven the first time; two may ask at once."""
    target = engines_folder() / f"kafka-{VERSION}"
    if target.exists():
        return target
    maven = packages.require("mvn")
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent) as work:
        Path(work, "pom.xml").write_text(POM)
        command = [maven, "-q", "-B", "dependency:copy-dependencies", "-DoutputDirectory=libs"]
        subprocess.run(command, cwd=work, check=True, stdin=subprocess.DEVNULL)
        _publish(Path(work, "libs"), target)
    return target


def _publish(folder: Path, target: Path) -> None:
    try:
        folder.rename(target)
    except OSError:
        if not target.exists():
            raise


@dataclass(frozen=True)
class Broker:
    """One node, broker and controller in one process, on loopback."""

    folder: Path
    node: int
    port: int
    controller: int
    heap_mb: int = 512

    @property
    def program(self) -> Program:
        return Program(f"kafka-{self.node}", self.folder)

    def prepare(self, cluster_id: str, voters: str, replicas: int) -> None:
        """Write the settings and format the log folder, once."""
        if (self.folder / "logs" / "meta.properties").exists():
            return
        self.folder.mkdir(parents=True, exist_ok=True)
        text = PROPERTIES.format(
            node=self.node, voters=voters, port=self.port, controller=self.controller,
            replicas=replicas, in_sync=max(1, replicas - 1), logs=self.folder / "logs",
        )  # fmt: skip
        (self.folder / "server.properties").write_text(text)
        tool = [*_java(128), "kafka.tools.StorageTool", "format", "-t", cluster_id, "-c", "server.properties"]
        subprocess.run(tool, cwd=self.folder, check=True, capture_output=True)

    def start(self) -> None:
        """Start the process without waiting; a node may need the others before it answers."""
        if self.program.pid is None:
            self.program.start([*_java(self.heap_mb), "kafka.Kafka", "server.properties"])

    def wait(self, seconds: float = 60) -> None:
        self.program.wait_until(lambda: answers(self.port), seconds)

    def stop(self) -> None:
        self.program.stop(seconds=15)


def _java(heap_mb: int) -> list[str]:
    return [packages.require("java"), f"-Xmx{heap_mb}m", "-cp", f"{libraries()}/*"]


class Kafka:
    """A cluster of one or more brokers whose data stays in a folder until the folder is removed."""

    def __init__(self, folder: Path, ports: list[int] | None = None, *, brokers: int = 1) -> None:
        ports = ports or free_ports(2 * brokers)
        pairs = zip(ports[::2], ports[1::2], strict=True)
        self.folder = folder
        self.brokers = [
            Broker(folder / str(node), node, port, controller)
            for node, (port, controller) in enumerate(pairs, start=1)
        ]

    @property
    def servers(self) -> str:
        """Bootstrap servers, comma separated."""
        return ",".join(f"127.0.0.1:{broker.port}" for broker in self.brokers)

    @property
    def url(self) -> str:
        return f"kafka://{self.servers}"

    def start(self) -> None:
        """Format what is new, start every node, return once all answer; what was written before is there."""
        voters = ",".join(f"{b.node}@127.0.0.1:{b.controller}" for b in self.brokers)
        identity = self._identity()
        for broker in self.brokers:
            broker.prepare(identity, voters, replicas=len(self.brokers))
            broker.start()
        for broker in self.brokers:
            broker.wait()

    def stop(self) -> None:
        """Stop every node; all are asked first, because the last of a quorum has nobody to hand over to."""
        for broker in self.brokers:
            broker.program.ask_to_stop()
        for broker in self.brokers:
            broker.stop()

    def kill(self) -> None:
        """End every node at once, as a power cut would."""
        for broker in self.brokers:
            broker.program.kill()

    def remove(self) -> None:
        self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _identity(self) -> str:
        kept = self.folder / "cluster.id"
        if not kept.exists():
            self.folder.mkdir(parents=True, exist_ok=True)
            tool = [*_java(128), "kafka.tools.StorageTool", "random-uuid"]
            kept.write_text(subprocess.run(tool, check=True, capture_output=True, text=True).stdout.strip())
        return kept.read_text()
