"""The records services write to each other, one module a topic.

Every message is a frozen model with a version ``v``. Unknown fields are ignored on reading, so a message may gain
fields while old workers run; a change of meaning is a new version. Times are integers in milliseconds since 1970
(``_ms``). Frozen samples of every version are decoded by a contract test.
"""
