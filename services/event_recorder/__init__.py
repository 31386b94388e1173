"""Keeps what happened: the fleet's records as rows of a database, and the queries people and machines ask of them."""
