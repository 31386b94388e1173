"""``python -m bench.http_clients``: start the receivers, measure every candidate after the other, report."""

from __future__ import annotations

import argparse
import json
import os
import tempfile
from pathlib import Path

from rich.console import Console

from bench.http_clients import report
from bench.http_clients.candidate import CANDIDATES
from bench.http_clients.child import measure
from bench.http_clients.scenario import HOSTS, Figure
from bench.receiver import ReceiverProcess, make_certificates


def main() -> None:
    """Print the table and write the JSON."""
    options = _options()
    console = Console()
    figures: dict[str, list[Figure]] = {}
    missing: dict[str, str] = {}
    versions: dict[str, str] = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        certificates = make_certificates(folder / "certificates")
        ports = max(HOSTS)
        with (
            ReceiverProcess(folder / "plain", os.environ, ports=ports) as plain,
            ReceiverProcess(folder / "tls", os.environ, ports=ports, certificates=certificates) as tls,
        ):
            for candidate in CANDIDATES:
                if options.only and candidate.name not in options.only:
                    continue
                console.print(f"measuring {candidate.name} …", style="dim")
                found = measure(
                    {
                        "name": candidate.name,
                        "seconds": options.seconds,
                        "authority": str(certificates.authority),
                        "plain": plain.ports,
                        "tls": tls.ports,
                    }
                )
                if found.missing is None:
                    figures[candidate.name] = found.figures
                    versions.update(found.versions)
                else:
                    missing[candidate.name] = found.missing
    console.print(report.table(figures, missing))
    options.json.parent.mkdir(parents=True, exist_ok=True)
    options.json.write_text(json.dumps(report.as_json(figures, missing, versions, options.seconds), indent=2) + "\n")
    console.print(f"written to {options.json}", style="dim")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.http_clients", description=__doc__)
    parser.add_argument("--seconds", type=float, default=0.3, help="of measuring at each point (default: 0.3)")
    parser.add_argument("--only", action="append", help="this candidate alone; may be given again")
    parser.add_argument(
        "--json", type=Path, default=Path("build/bench/http_clients.json"), help="write the figures to this file"
    )
    return parser.parse_args()


if __name__ == "__main__":
    main()
