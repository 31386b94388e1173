"""Webhook receivers for trying things out: processes of their own that check signatures and write down what came."""
