"""Sends events at a fixed pace through ``POST /v1/events``, in a process of its own; see `bench.delivery.core.pace`."""

from bench.delivery.paced_sender.sender_process import PacedSender

__all__ = ["PacedSender"]
