"""How the broker's Java programs are run: class path, heap and what makes them start fast.

Measured on two cores, from nothing to the first answer (formatting the storage included): 2.9 s with the
JVM's defaults, 1.7 s with the classes that a broker loads kept in a class-data-sharing archive. The archive
is made once per cache and Java version by the first start, which costs about 6 s. A JVM that finds an
archive it cannot use says so in its log and loads the classes as usual. The serial collector suits a heap
this small.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from deploy.local.broker.distribution import Distribution, lock
from deploy.local.prerequisites import Java

HEAP = "-Xmx512m"


@dataclass(frozen=True)
class Jvm:
    """One Java, one class path, and the flags common to all programs run with them."""

    java: Java
    classpath: str
    flags: tuple[str, ...] = ()

    def command(self, main_class: str, *arguments: str, flags: Sequence[str] = ()) -> list[str]:
        """The command line that runs `main_class` with `arguments`."""
        common = [str(self.java.executable), HEAP, "-XX:+UseSerialGC", *self.flags, *flags]
        return [*common, "-cp", self.classpath, main_class, *arguments]


def jvm_with_archive(
    java: Java,
    distribution: Distribution,
    train: Callable[[Jvm], None],
    progress: Callable[[str], None],
) -> Jvm:
    """A Jvm that starts from the class archive of this Java and distribution, made now if there is none.

    `train` runs a broker with the given Jvm to readiness and stops it cleanly; the archive is written then.
    """
    archive = distribution.cache / f"classes-java-{java.version}.jsa"
    if not archive.is_file():
        with lock(distribution.cache):
            if not archive.is_file():  # another process may have made it while this one waited
                progress("Preparing Apache Kafka for fast starts, once (about 6 s) ...")
                partial = archive.with_suffix(".partial")
                partial.unlink(missing_ok=True)
                train(Jvm(java, distribution.classpath, (f"-XX:ArchiveClassesAtExit={partial}",)))
                partial.touch()  # a JVM without class data sharing writes none; it is not asked again
                partial.rename(archive)
    return Jvm(java, distribution.classpath, (f"-XX:SharedArchiveFile={archive}",))
