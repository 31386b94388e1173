"""The fleet on one machine: broker, topics, keys and service processes, as one value that starts and stops.

The same class serves `hookfleet up`, `hookfleet demo` and the flow tests, so what people run is what is tested.
"""

from deploy.local.fleet.local_fleet import Fleet
from deploy.local.fleet.plan import FleetPlan, Part, Service
from deploy.local.fleet.service_process import FleetFailed

__all__ = ["Fleet", "FleetFailed", "FleetPlan", "Part", "Service"]
