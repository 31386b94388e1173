"""One module for each question that is put to the fleet, all behind `bench.delivery.scenario.Scenario`."""
